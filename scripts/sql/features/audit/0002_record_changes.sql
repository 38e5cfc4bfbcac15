-- autostack: no-transaction
-- The triggers of accounts, projects and deployments, and the columns of each table whose values are stored. Each table is locked on its
-- own, for a moment; a run that was cut off is taken up where it stopped.
DO $$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT t.name, t.columns, t.condition
        FROM (
            VALUES
                ('users', 'id name email avatar_url github_id google_id email_verified created_at updated_at closed_at',
                    'OLD.* IS DISTINCT FROM NEW.*'),
                ('user_preferences', 'id user_id theme email_notifications deployment_success_notifications '
                    'deployment_failure_notifications created_at updated_at', 'OLD.* IS DISTINCT FROM NEW.*'),
                ('github_connections', 'id user_id github_username token_expires_at scope connected_at', 'OLD.* IS DISTINCT FROM NEW.*'),
                ('sessions', 'id user_id expires_at created_at family_id rotated_at signed_in_at', 'OLD.* IS DISTINCT FROM NEW.*'),
                ('password_reset_tokens', 'id user_id expires_at used_at created_at', 'OLD.* IS DISTINCT FROM NEW.*'),
                ('projects', 'id user_id name branch output_dir github_repo_id runtime auto_deploy_enabled auto_deploy_branch '
                    'jenkins_job_name created_at updated_at repository_host provider provider_host provider_repository_id access_proven_at',
                    'OLD.* IS DISTINCT FROM NEW.*'),
                -- The steps of a build, its times and its place in the queue are no entry on their own: a status is, before and after a
                -- build. Not as one comparison of two rows, which a dump writes in another form.
                ('deployments', 'id project_id user_id status branch commit_hash commit_message author commit_timestamp creator_type '
                    'is_production build_duration_seconds failed_reason deployed_url started_at completed_at created_at is_deleted '
                    'commit_hash_full queue_place',
                    'OLD.id IS DISTINCT FROM NEW.id OR OLD.project_id IS DISTINCT FROM NEW.project_id OR '
                    'OLD.user_id IS DISTINCT FROM NEW.user_id OR OLD.branch IS DISTINCT FROM NEW.branch OR '
                    'OLD.commit_hash IS DISTINCT FROM NEW.commit_hash OR OLD.commit_message IS DISTINCT FROM NEW.commit_message OR '
                    'OLD.author IS DISTINCT FROM NEW.author OR OLD.commit_timestamp IS DISTINCT FROM NEW.commit_timestamp OR '
                    'OLD.creator_type IS DISTINCT FROM NEW.creator_type OR OLD.is_production IS DISTINCT FROM NEW.is_production OR '
                    'OLD.env_vars IS DISTINCT FROM NEW.env_vars OR OLD.failed_reason IS DISTINCT FROM NEW.failed_reason OR '
                    'OLD.deployed_url IS DISTINCT FROM NEW.deployed_url OR OLD.created_at IS DISTINCT FROM NEW.created_at OR '
                    'OLD.is_deleted IS DISTINCT FROM NEW.is_deleted OR OLD.commit_hash_full IS DISTINCT FROM NEW.commit_hash_full OR '
                    'OLD.status IS DISTINCT FROM NEW.status AND (OLD.status IS NULL OR NEW.status IS NULL '
                    'OR OLD.status::text <> ALL (''{queued,cloning,checkout,installing,building,copying}''::text[]) '
                    'OR NEW.status::text <> ALL (''{queued,cloning,checkout,installing,building,copying}''::text[]))'),
                ('deployment_containers', 'id deployment_id container_id image host port status created_at stopped_at',
                    'OLD.* IS DISTINCT FROM NEW.*'),
                -- The columns of its JSON may be of a type that cannot be compared.
                ('webhook_payloads', 'id deployment_id provider received_at', NULL)
        ) AS t (name, columns, condition)
    LOOP
        PERFORM public.audit_table(item.name, item.columns, item.condition, FALSE);
        COMMIT;
    END LOOP;
END
$$;
