-- autostack: requires=core:44 requires-extension=pg_trgm no-transaction
-- An index that finds the lines of logs by a part of their text.
-- The text of a line is what a terminal shows of it: without control sequences and invisible characters, and with A to Z folded, because
-- the extension folds letters by the locale of the database. A line in which the cursor moves, or which has other sequences, is stored as
-- one word: a search looks at each of these lines.
CREATE INDEX CONCURRENTLY IF NOT EXISTS deployment_logs_search_idx
    ON deployment_logs USING gin ((CASE
        WHEN message COLLATE "C" ~ '[\u0001-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891'
            '\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]'
        THEN pg_catalog.regexp_replace(
            pg_catalog.regexp_replace(
                pg_catalog.lower(message COLLATE "C"),
                '\u001b\[[0-?]*[ -/]*[@-be-~]|\u001b[]^_][^\u0007\u001b\u009c]*(?:\u0007|\u009c|\u001b\\)'
                    '|[\u0001-\u0007\u000b\u000c\u000e-\u001a\u001c-\u001f\u007f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891'
                    '\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]',
                '', 'g'),
            '^.*[\u0008\u001b\u0080-\u009f].*$', 'qzxjkv')
        ELSE pg_catalog.lower(message COLLATE "C")
    END) gin_trgm_ops);
