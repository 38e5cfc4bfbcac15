# Completion of autostack-db for fish: autostack-db completion fish | source
function __autostack_db_candidates
    set -l before (commandline -opc)
    set -l typed (string join ' ' -- $before[2..] (commandline -ct))
    $before[1] "[suggest:"(string length -- "$typed")"]" "$typed" 2>/dev/null
end
complete -c autostack-db -a '(__autostack_db_candidates)'
