// What a program does with the generated types: `node scenario.js ADDRESS TOKEN`.

import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { argv: string[] };

type Task = components["schemas"]["TaskOut"];
type Refusal = components["schemas"]["Problem"];

const [baseUrl = "", token] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
const me = { user_id: "me" };

/** A task is added, found, changed if nobody else did, and done. */
async function plan(): Promise<void> {
  const added = await client.POST("/api/{user_id}/tasks", {
    params: { path: me, header: { "idempotency-key": "scenario.ts" } },
    body: { title: "Water the plants", priority: "high", tags: ["home"] },
  });
  const task: Task = sure(added.data);
  const listed = await client.GET("/api/{user_id}/tasks", {
    params: { path: me, query: { priority: ["high"], sort: "-created_at", limit: 10 } },
  });
  same(sure(listed.data).items.map((each) => each.id), [task.id]);

  const path = { ...me, task_id: task.id };
  const header = { "if-match": added.response.headers.get("ETag") ?? "" };
  const change = { params: { path, header }, body: { due_at: "2030-06-01T09:00:00Z" } };
  const changed = await client.PATCH("/api/{user_id}/tasks/{task_id}", change);
  same(sure(changed.data).due_at, "2030-06-01T09:00:00Z");
  const stale = await client.PATCH("/api/{user_id}/tasks/{task_id}", change);
  refused(stale.error, 412, "precondition_failed");

  const done = await client.POST("/api/{user_id}/tasks/{task_id}/complete", { params: { path } });
  const status: "todo" | "in_progress" | "done" = sure(done.data).status;
  same(status, "done");
}

/** An answer's kind tells what it holds. */
async function takeAlong(): Promise<void> {
  const { data } = await client.GET("/api/{user_id}/export", { params: { path: me } });
  const titles = sure(data).items.flatMap((each) => (each.type === "task" ? each.item.title : []));
  same(titles, ["Water the plants"]);
}

function sure<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("no answer, but a problem");
  return value;
}

function refused(problem: Refusal | undefined, status: number, code: string): void {
  same([problem?.status, problem?.code], [status, code]);
}

function same(one: unknown, other: unknown): void {
  const [left, right] = [JSON.stringify(one), JSON.stringify(other)];
  if (left !== right) throw new Error(`${left} is not ${right}`);
}

await plan();
await takeAlong();
