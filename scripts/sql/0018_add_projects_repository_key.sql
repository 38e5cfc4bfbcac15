-- Which repository a project names, in whichever spelling its owner gave: host (empty when the spelling has none) and path.
-- Whose access to it is proven: the provider's id of the repository, unique at the provider's host, and the time of the proof.

ALTER TABLE projects
    ADD COLUMN repository_host TEXT,
    ADD COLUMN repository_path TEXT,
    ADD COLUMN provider TEXT,
    ADD COLUMN provider_host TEXT,
    ADD COLUMN provider_repository_id TEXT,
    ADD COLUMN access_proven_at TIMESTAMP;

-- For the rows of every writer. The library's RepositoryAddress does the same for what it looks for; a test compares the two.
-- A proof is for the repository of its time: another address ends it.
CREATE FUNCTION assign_repository_key() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    blank CONSTANT text := '[\u0001-\u0020\u007f-\u00a0\u00ad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]+';
    given CONSTANT text := regexp_replace(NEW.repository::text, '^' || blank || '|' || blank || '$', '', 'g');
    host text := '';
    path text := given;
    found text[];
BEGIN
    found := regexp_match(given, '^([a-zA-Z][a-zA-Z0-9+.-]*)://([^/]*@)?([^/]*)(.*)$');
    IF found IS NOT NULL THEN
        IF found[1] ~* '^(https?|ssh|git|git\+ssh|ssh\+git|git\+https?|ftps?)$' THEN
            host := found[3];
            path := found[4];
        END IF;
    ELSE
        found := regexp_match(given, '^([^/]*@)?(\[[^]/]*\]|[^]/:@[]+):(?!//)(.*)$');
        IF found IS NULL OR (found[1] IS NULL AND strpos(found[2], '.') = 0) THEN
            found := regexp_match(given, '^([^/]*@)?([a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)+)/+([^/]+/+[^/].*)$');
        END IF;
        IF found IS NOT NULL THEN
            host := found[2];
            path := found[3];
        END IF;
    END IF;

    path := regexp_replace(path, '[?#].*$', '');
    IF path ~ '%[0-9a-fA-F]{2}' THEN
        BEGIN
            path := convert_from((
                SELECT string_agg(CASE WHEN p.part[1] ~ '^%[0-9a-fA-F]{2}$' THEN decode(substr(p.part[1], 2), 'hex') ELSE convert_to(p.part[1], 'UTF8') END, ''::bytea ORDER BY p.place)
                FROM regexp_matches(path, '(%[0-9a-fA-F]{2}|[^%]+|%)', 'g') WITH ORDINALITY AS p (part, place)), 'UTF8');
        EXCEPTION WHEN OTHERS THEN
            NULL; -- Escapes that are no text stay as they are.
        END;
    END IF;

    path := regexp_replace(path, '^' || blank || '|' || blank || '$', '', 'g');
    path := btrim(regexp_replace(lower(path COLLATE "C"), '/+', '/', 'g'), '/');
    host := rtrim(lower(regexp_replace(host, '^(\[[^]]*\]|[^:]*).*$', '\1') COLLATE "C"), '.');
    host := regexp_replace(host, '^www\.', '');
    host := CASE host
        WHEN 'ssh.github.com' THEN 'github.com'
        WHEN 'altssh.gitlab.com' THEN 'gitlab.com'
        WHEN 'altssh.bitbucket.org' THEN 'bitbucket.org'
        WHEN 'ssh.dev.azure.com' THEN 'dev.azure.com'
        WHEN 'vs-ssh.visualstudio.com' THEN 'dev.azure.com'
        ELSE host
    END;
    IF host ~ '^[^./]+\.visualstudio\.com$' THEN
        path := split_part(host, '.', 1) || '/' || path;
        host := 'dev.azure.com';
    END IF;

    -- The pages of a host's web site are no part of the repository: /tree/main, /-/blob/…, /src/branch/….
    IF host IN ('github.com', 'bitbucket.org') THEN
        path := regexp_replace(path, '^([^/]+/[^/]+)/.*$', '\1');
    ELSIF host = 'dev.azure.com' THEN
        path := regexp_replace(path, '^v3/', '');
        path := regexp_replace(path, '^([^/]+)/defaultcollection/', '\1/');
        path := replace(regexp_replace(path, '^([^/]+)/_git/([^/]+)', '\1/\2/\2'), '/_git/', '/');
        path := regexp_replace(path, '^([^/]+/[^/]+/[^/]+)/.*$', '\1');
    ELSE
        path := regexp_replace(path, '/-(/.*)?$', '');
        path := regexp_replace(path, '(?<=[^/]/[^/]+)/(tree|blob|raw|commits|src/(branch|commit|tag))/.*$', '');
    END IF;

    path := regexp_replace(path, '/*(\.git)?/*$', '');
    IF host NOT IN ('', 'github.com', 'bitbucket.org', 'gitlab.com', 'dev.azure.com') THEN
        path := regexp_replace(path, '^(?:(?:bitbucket|stash)/)?scm/([^/]+/[^/]+)$', '\1');
        path := regexp_replace(path, '^(?:(?:bitbucket|stash)/)?projects/([^/]+)/repos/([^/]+)(?:/.*)?$', '\1/\2');
        path := regexp_replace(path, '^(?:(?:bitbucket|stash)/)?users/([^/]+)/repos/([^/]+)(?:/.*)?$', '~\1/\2');
    END IF;

    IF TG_OP = 'UPDATE' AND (OLD.repository_host IS DISTINCT FROM host OR OLD.repository_path IS DISTINCT FROM path) THEN
        NEW.provider := NULL;
        NEW.provider_host := NULL;
        NEW.provider_repository_id := NULL;
        NEW.access_proven_at := NULL;
    END IF;

    NEW.repository_host := host;
    NEW.repository_path := path;
    RETURN NEW;
END
$$;

CREATE TRIGGER projects_assign_repository_key BEFORE INSERT OR UPDATE OF repository ON projects
    FOR EACH ROW EXECUTE FUNCTION assign_repository_key();
