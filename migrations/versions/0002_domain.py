"""Conversations and messages, documents, an owner for every team, and tombstones of users."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UP = """
-- No release came before this one, so nobody's rows wait for these locks:
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion
-- squawk-ignore-file adding-field-with-default

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
    -- Whoever joins is not renamed before that is committed: who renames them sees this team, then.
    PERFORM FROM "user" WHERE TG_OP = 'INSERT' AND id = NEW.user_id FOR SHARE;
    IF NOT EXISTS (SELECT FROM members WHERE team_id = changed) THEN
        DELETE FROM teams WHERE id = changed;
    ELSE
        -- Members are part of what a team looks like: a new version, unless this transaction
        -- made the team or a version of it before, which its answer may have told already.
        UPDATE teams SET
            owners = (SELECT count(*) FROM members WHERE team_id = changed AND role = 'owner'),
            version = version + (xmin <> pg_current_xact_id()::xid)::integer
        WHERE id = changed;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER count_owners AFTER INSERT OR UPDATE OR DELETE ON members
    FOR EACH ROW EXECUTE FUNCTION count_owners();
-- How many own a team is nothing that callers see.
DROP TRIGGER touch ON teams;
CREATE TRIGGER touch BEFORE UPDATE ON teams FOR EACH ROW
    WHEN ((OLD.name, OLD.version) IS DISTINCT FROM (NEW.name, NEW.version))
    EXECUTE FUNCTION touch();

-- VOLATILE, so that it sees what was committed, and what its own statement wrote, until it is
-- called: a statement that waited for a team's row began before others changed its members.
CREATE FUNCTION members_of(team uuid) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('user_id', m.user_id, 'name', u.name, 'email',
        u.email, 'role', m.role, 'joined_at', m.joined_at) ORDER BY m.joined_at, m.user_id), '[]')
    FROM members m JOIN "user" u ON u.id = m.user_id WHERE m.team_id = team
$$;

-- What a member is called is part of what a team looks like, whoever renames them: Better Auth's
-- own role may have no rights on our tables, and look for tables elsewhere.
CREATE FUNCTION rename_member() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    -- In one order for everybody: two who are renamed at once do not wait in a circle.
    PERFORM FROM teams WHERE id IN (SELECT team_id FROM members WHERE user_id = NEW.id)
        ORDER BY id FOR NO KEY UPDATE;
    UPDATE teams SET version = version + 1
        WHERE id IN (SELECT team_id FROM members WHERE user_id = NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER rename_member AFTER UPDATE ON "user" FOR EACH ROW
    WHEN ((OLD.name, OLD.email) IS DISTINCT FROM (NEW.name, NEW.email))
    EXECUTE FUNCTION rename_member();

CREATE TABLE conversations (
    id uuid CONSTRAINT conversations_pkey PRIMARY KEY,
    user_id text NOT NULL
        CONSTRAINT conversations_user_id_fkey REFERENCES "user" ON DELETE CASCADE,
    title text CONSTRAINT conversations_title_check CHECK (char_length(title) BETWEEN 1 AND 255),
    message_count integer NOT NULL DEFAULT 0,
    newest_deleted_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    version integer NOT NULL DEFAULT 1
);
CREATE INDEX conversations_user_id_idx ON conversations (user_id, id);
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
    content text NOT NULL
        CONSTRAINT messages_content_check CHECK (octet_length(content) BETWEEN 1 AND 32768),
    metadata jsonb NOT NULL DEFAULT '{}'
        CONSTRAINT messages_metadata_check CHECK (jsonb_typeof(metadata) = 'object'),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX messages_conversation_id_idx ON messages (conversation_id, id);
CREATE INDEX messages_user_id_idx ON messages (user_id, id);

-- The id after this one: as random as it was, its last 62 bits counted up (RFC 9562, 6.2).
CREATE FUNCTION next_id(id uuid) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (left(id::text, 19) || lpad(to_hex(
        ('x' || translate(right(id::text, 17), '-', ''))::bit(64)::bigint + 1), 16, '0'))::uuid
$$;

-- Ids are the order of a conversation, and whoever reads on from one misses nothing. They are made
-- by the clocks of many sandboxes, before the wait for the conversation: one that comes out behind
-- is made anew. VOLATILE: each statement in here sees what was committed, and the batch's rows
-- before this one. What was deleted counts, too: somebody may have read as far as that.
CREATE FUNCTION follow() RETURNS trigger LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    newest uuid;
BEGIN
    -- Whoever else appends waits here, and follows what we leave.
    SELECT newest_deleted_id INTO newest FROM conversations WHERE id = NEW.conversation_id
    FOR NO KEY UPDATE;
    newest := greatest(newest, (SELECT id FROM messages
        WHERE conversation_id = NEW.conversation_id ORDER BY id DESC LIMIT 1));
    IF NEW.id <= newest THEN
        NEW.id := next_id(newest);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER follow BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION follow();

-- VOLATILE, so that it sees what was committed until it is called: a change of a conversation that
-- waited for an append tells of the message, as its new version and count do.
CREATE FUNCTION last_message(conversation uuid) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
    SELECT to_jsonb(messages) FROM messages WHERE conversation_id = conversation
    ORDER BY id DESC LIMIT 1
$$;

-- A message that comes or goes is a new version of its conversation.
CREATE FUNCTION count_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE conversations
    SET message_count = message_count + CASE TG_OP WHEN 'INSERT' THEN n ELSE -n END,
        newest_deleted_id = greatest(newest_deleted_id, CASE TG_OP WHEN 'DELETE' THEN newest END)
    FROM (SELECT conversation_id, count(*) AS n, (array_agg(id ORDER BY id DESC))[1] AS newest
        FROM changed GROUP BY conversation_id) AS counted
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
    -- Where a row lives is one of its words: a search reads no rows of others with the same words.
    -- Without "<", so that "a<b and c>d" is no tag, whose words would be left out.
    words tsvector GENERATED ALWAYS AS
        (setweight(to_tsvector('english', translate(title, '<', ' ')), 'A')
        || to_tsvector('english', translate(content, '<', ' '))
        || array_to_tsvector(ARRAY[md5(coalesce('team ' || team_id::text, user_id))])) STORED,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT documents_team_id_user_id_fkey FOREIGN KEY (team_id, user_id)
        REFERENCES members (team_id, user_id) ON DELETE SET NULL (team_id)
);
CREATE INDEX documents_user_id_idx ON documents (user_id, id);
CREATE INDEX documents_team_id_user_id_idx ON documents (team_id, user_id)
    WHERE team_id IS NOT NULL;
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

-- Tasks are searched as documents are, and ranking them should not stem their words anew.
DROP INDEX tasks_words_idx;
DROP TRIGGER touch ON tasks;
ALTER TABLE tasks ADD COLUMN words tsvector GENERATED ALWAYS AS
    (setweight(to_tsvector('english', translate(title, '<', ' ')), 'A')
        || to_tsvector('english', translate(coalesce(description, ''), '<', ' '))
        || array_to_tsvector(ARRAY[md5(coalesce('team ' || team_id::text, user_id))])) STORED;
CREATE INDEX tasks_words_idx ON tasks USING gin (words) WHERE deleted_at IS NULL;
CREATE TRIGGER touch BEFORE UPDATE ON tasks FOR EACH ROW
    WHEN ((OLD.user_id, OLD.team_id, OLD.title, OLD.description, OLD.status, OLD.priority,
            OLD.tags, OLD.due_at, OLD.completed_at, OLD.deleted_at)
        IS DISTINCT FROM (NEW.user_id, NEW.team_id, NEW.title, NEW.description, NEW.status,
            NEW.priority, NEW.tags, NEW.due_at, NEW.completed_at, NEW.deleted_at))
    EXECUTE FUNCTION touch();

-- A write whose answer could not get through is not done: the platforms count what is sent inside a
-- string of their own JSON. It is refused as a constraint would.
CREATE FUNCTION answerable(answer jsonb, most integer) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
    IF octet_length(to_json(answer::text)::text) > most THEN
        RAISE EXCEPTION 'the answer would be longer than % bytes', most
            USING ERRCODE = 'program_limit_exceeded', CONSTRAINT = 'answers_bytes_check';
    END IF;
    RETURN true;
END $$;

-- All of a user's rows in one order, whatever team they are in: for exporting them.
DROP INDEX tasks_user_id_team_id_idx;
CREATE INDEX tasks_user_id_idx ON tasks (user_id, id);
CREATE INDEX tasks_team_id_user_id_idx ON tasks (team_id, user_id) WHERE team_id IS NOT NULL;

-- Who had everything deleted is not brought back by a token that is still valid.
CREATE TABLE tombstones (
    user_id text CONSTRAINT tombstones_pkey PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX tombstones_created_at_idx ON tombstones (created_at);
"""

DOWN = """
DROP TABLE tombstones, documents, messages, conversations;
DROP INDEX tasks_deleted_at_idx, tasks_user_id_idx, tasks_team_id_user_id_idx;
CREATE INDEX tasks_user_id_team_id_idx ON tasks (user_id, team_id);
DROP TRIGGER touch ON tasks;
ALTER TABLE tasks DROP COLUMN words;
CREATE INDEX tasks_words_idx ON tasks
    USING gin ((to_tsvector('english', title)
        || to_tsvector('english', coalesce(description, '')))) WHERE deleted_at IS NULL;
CREATE TRIGGER touch BEFORE UPDATE ON tasks
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch();
DROP TRIGGER count_owners ON members;
DROP TRIGGER rename_member ON "user";
DROP TRIGGER touch ON teams;
CREATE TRIGGER touch BEFORE UPDATE ON teams
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch();
ALTER TABLE teams DROP COLUMN owners;
DROP FUNCTION count_owners, rename_member, members_of, next_id, follow, count_messages,
    last_message, answerable;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
