"""Users where Better Auth has not made them, teams, tasks, and the evidence of writes."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

UP = """
CREATE TABLE IF NOT EXISTS "user" (
    id text CONSTRAINT user_pkey PRIMARY KEY,
    name text NOT NULL,
    email text NOT NULL CONSTRAINT user_email_key UNIQUE,
    "emailVerified" boolean NOT NULL,
    image text,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

DO $$ BEGIN
    IF (SELECT format_type(atttypid, NULL) FROM pg_attribute
        WHERE attrelid = '"user"'::regclass AND attname = 'id') <> 'text' THEN
        RAISE EXCEPTION 'the column "user".id must be text, as Better Auth makes it by default: '
            'take advanced.database.generateId out of its options and migrate it again';
    END IF;
END $$;

CREATE TABLE teams (
    id uuid CONSTRAINT teams_pkey PRIMARY KEY,
    name text NOT NULL CONSTRAINT teams_name_check CHECK (char_length(name) BETWEEN 1 AND 100),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1
);

CREATE TABLE members (
    team_id uuid CONSTRAINT members_team_id_fkey REFERENCES teams ON DELETE CASCADE,
    user_id text CONSTRAINT members_user_id_fkey REFERENCES "user" ON DELETE CASCADE,
    role text NOT NULL DEFAULT 'member'
        CONSTRAINT members_role_check CHECK (role IN ('owner', 'admin', 'member')),
    joined_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT members_pkey PRIMARY KEY (team_id, user_id)
);
CREATE INDEX members_user_id_idx ON members (user_id);

CREATE TABLE tasks (
    id uuid CONSTRAINT tasks_pkey PRIMARY KEY,
    user_id text NOT NULL CONSTRAINT tasks_user_id_fkey REFERENCES "user" ON DELETE CASCADE,
    team_id uuid,
    title text NOT NULL CONSTRAINT tasks_title_check CHECK (char_length(title) BETWEEN 1 AND 200),
    description text
        CONSTRAINT tasks_description_check CHECK (char_length(description) <= 2000),
    status text NOT NULL DEFAULT 'todo'
        CONSTRAINT tasks_status_check CHECK (status IN ('todo', 'in_progress', 'done')),
    priority text NOT NULL DEFAULT 'medium'
        CONSTRAINT tasks_priority_check CHECK (priority IN ('low', 'medium', 'high', 'urgent')),
    tags text[] NOT NULL DEFAULT '{}'
        CONSTRAINT tasks_tags_check CHECK (cardinality(tags) <= 20 AND '' <> ALL (tags)),
    due_at timestamptz,
    completed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT tasks_completed_at_check CHECK ((status = 'done') = (completed_at IS NOT NULL)),
    CONSTRAINT tasks_team_id_user_id_fkey FOREIGN KEY (team_id, user_id)
        REFERENCES members (team_id, user_id) ON DELETE SET NULL (team_id)
);
CREATE INDEX tasks_user_id_team_id_idx ON tasks (user_id, team_id);
CREATE INDEX tasks_created_at_idx ON tasks
    (coalesce('team ' || team_id::text, user_id), created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX tasks_updated_at_idx ON tasks
    (coalesce('team ' || team_id::text, user_id), updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX tasks_due_at_idx ON tasks
    (coalesce('team ' || team_id::text, user_id), coalesce(due_at, 'infinity'::timestamptz), id)
    WHERE deleted_at IS NULL;
CREATE INDEX tasks_priority_idx ON tasks
    (coalesce('team ' || team_id::text, user_id),
     array_position(ARRAY['low', 'medium', 'high', 'urgent'], priority), id)
    WHERE deleted_at IS NULL;
CREATE INDEX tasks_title_idx ON tasks
    (coalesce('team ' || team_id::text, user_id), title, id) WHERE deleted_at IS NULL;
CREATE INDEX tasks_deleted_idx ON tasks
    (coalesce('team ' || team_id::text, user_id), id) WHERE deleted_at IS NOT NULL;
CREATE INDEX tasks_words_idx ON tasks
    USING gin ((to_tsvector('english', title)
        || to_tsvector('english', coalesce(description, '')))) WHERE deleted_at IS NULL;

CREATE TABLE operations (
    user_id text,
    key text,
    fingerprint text NOT NULL,
    result_ids text[] NOT NULL,
    wanted integer NOT NULL,
    done integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT operations_pkey PRIMARY KEY (user_id, key),
    CONSTRAINT operations_all_or_nothing_check CHECK (wanted = done)
);
CREATE INDEX operations_created_at_idx ON operations USING brin (created_at);

-- A row that changes is a new version, whoever changes it: a foreign key's SET NULL, too.
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER touch BEFORE UPDATE ON teams
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch();
CREATE TRIGGER touch BEFORE UPDATE ON tasks
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch();

-- When a task was done is what the database saw, not what a caller says.
CREATE FUNCTION complete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    NEW.completed_at := CASE WHEN NEW.status = 'done'
        THEN coalesce(OLD.completed_at, clock_timestamp()) END;
    RETURN NEW;
END $$;
CREATE TRIGGER complete BEFORE INSERT OR UPDATE ON tasks
    FOR EACH ROW EXECUTE FUNCTION complete();
"""

DOWN = """
DROP TABLE operations, tasks, members, teams;
DROP FUNCTION touch, complete;
"""
# "user" stays: it may be Better Auth's, and its rows are people.


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
