"""Conversations and messages, documents, an owner for every team, and tombstones of users."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UP = """
-- A team is never without an owner. An EXISTS in the statement that removes one would not see
-- another removal beside it; this counter makes the second of two wait, and then fail.
ALTER TABLE teams ADD COLUMN owners integer NOT NULL DEFAULT 1
    CONSTRAINT teams_owners_check CHECK (owners > 0);

CREATE FUNCTION count_owners() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed uuid := coalesce(NEW.team_id, OLD.team_id);
BEGIN
    -- Whoever else changes this team's members waits here, and counts what we leave.
    PERFORM FROM teams WHERE id = changed FOR NO KEY UPDATE;
    IF NOT EXISTS (SELECT FROM members WHERE team_id = changed) THEN
        DELETE FROM teams WHERE id = changed;
    ELSE
        -- Members are part of what a team looks like: a new version, whatever the count.
        UPDATE teams SET version = version + 1, owners =
            (SELECT count(*) FROM members WHERE team_id = changed AND role = 'owner')
        WHERE id = changed;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER count_owners AFTER INSERT OR UPDATE OR DELETE ON members
    FOR EACH ROW EXECUTE FUNCTION count_owners();

CREATE TABLE conversations (
    id uuid CONSTRAINT conversations_pkey PRIMARY KEY,
    user_id text NOT NULL
        CONSTRAINT conversations_user_id_fkey REFERENCES "user" ON DELETE CASCADE,
    title text CONSTRAINT conversations_title_check CHECK (char_length(title) BETWEEN 1 AND 255),
    message_count integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    version integer NOT NULL DEFAULT 1
);
CREATE INDEX conversations_user_id_idx ON conversations (user_id);
CREATE INDEX conversations_created_at_idx ON conversations (user_id, created_at, id)
    WHERE deleted_at IS NULL;
CREATE INDEX conversations_updated_at_idx ON conversations (user_id, updated_at, id)
    WHERE deleted_at IS NULL;
CREATE INDEX conversations_deleted_at_idx ON conversations (deleted_at)
    WHERE deleted_at IS NOT NULL;
CREATE TRIGGER touch BEFORE UPDATE ON conversations
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch();

CREATE TABLE messages (
    id uuid CONSTRAINT messages_pkey PRIMARY KEY,
    conversation_id uuid NOT NULL
        CONSTRAINT messages_conversation_id_fkey REFERENCES conversations ON DELETE CASCADE,
    user_id text NOT NULL CONSTRAINT messages_user_id_fkey REFERENCES "user" ON DELETE CASCADE,
    role text NOT NULL CONSTRAINT messages_role_check
        CHECK (role IN ('user', 'assistant', 'system', 'tool')),
    content text NOT NULL CONSTRAINT messages_content_check CHECK (octet_length(content) <= 32768),
    metadata jsonb NOT NULL DEFAULT '{}'
        CONSTRAINT messages_metadata_check CHECK (jsonb_typeof(metadata) = 'object'),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX messages_conversation_id_idx ON messages (conversation_id, id);
CREATE INDEX messages_user_id_idx ON messages (user_id);

-- A message that comes or goes is a new version of its conversation.
CREATE FUNCTION count_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE conversations
    SET message_count = message_count + CASE TG_OP WHEN 'INSERT' THEN counted.n ELSE -counted.n END
    FROM (SELECT conversation_id, count(*) AS n FROM changed GROUP BY conversation_id) AS counted
    WHERE id = counted.conversation_id;
    RETURN NULL;
END $$;
CREATE TRIGGER count_added AFTER INSERT ON messages
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_messages();
CREATE TRIGGER count_deleted AFTER DELETE ON messages
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_messages();

CREATE TABLE documents (
    id uuid CONSTRAINT documents_pkey PRIMARY KEY,
    user_id text NOT NULL CONSTRAINT documents_user_id_fkey REFERENCES "user" ON DELETE CASCADE,
    team_id uuid,
    title text NOT NULL
        CONSTRAINT documents_title_check CHECK (char_length(title) BETWEEN 1 AND 255),
    content text NOT NULL DEFAULT ''
        CONSTRAINT documents_content_check CHECK (octet_length(content) <= 262144),
    words tsvector GENERATED ALWAYS AS
        (setweight(to_tsvector('english', title), 'A') || to_tsvector('english', content)) STORED,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT documents_team_id_user_id_fkey FOREIGN KEY (team_id, user_id)
        REFERENCES members (team_id, user_id) ON DELETE SET NULL (team_id)
);
CREATE INDEX documents_user_id_team_id_idx ON documents (user_id, team_id);
CREATE INDEX documents_created_at_idx ON documents
    (coalesce('team ' || team_id::text, user_id), created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX documents_updated_at_idx ON documents
    (coalesce('team ' || team_id::text, user_id), updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX documents_title_idx ON documents
    (coalesce('team ' || team_id::text, user_id), title, id) WHERE deleted_at IS NULL;
CREATE INDEX documents_deleted_idx ON documents
    (coalesce('team ' || team_id::text, user_id), id) WHERE deleted_at IS NOT NULL;
CREATE INDEX documents_deleted_at_idx ON documents (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX documents_words_idx ON documents USING gin (words) WHERE deleted_at IS NULL;
-- Not OLD.* against NEW.*: a generated column is not generated yet when this is asked.
CREATE TRIGGER touch BEFORE UPDATE ON documents FOR EACH ROW
    WHEN ((OLD.user_id, OLD.team_id, OLD.title, OLD.content, OLD.deleted_at)
        IS DISTINCT FROM (NEW.user_id, NEW.team_id, NEW.title, NEW.content, NEW.deleted_at))
    EXECUTE FUNCTION touch();

CREATE INDEX tasks_deleted_at_idx ON tasks (deleted_at) WHERE deleted_at IS NOT NULL;

-- Who had everything deleted is not brought back by a token that is still valid.
CREATE TABLE tombstones (
    user_id text CONSTRAINT tombstones_pkey PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
);
"""

DOWN = """
DROP TABLE tombstones, documents, messages, conversations;
DROP INDEX tasks_deleted_at_idx;
DROP TRIGGER count_owners ON members;
ALTER TABLE teams DROP COLUMN owners;
DROP FUNCTION count_owners, count_messages;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
