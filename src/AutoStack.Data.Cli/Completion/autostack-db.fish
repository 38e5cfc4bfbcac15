# Completion of autostack-db for fish: autostack-db completion fish | source
function __autostack_db_candidates
    set -l before (commandline -opc)
    set -l typed (string join ' ' -- $before[2..] (commandline -ct))
    set -l found ($before[1] "[suggest:"(string length -- "$typed")"]" "$typed" 2>/dev/null | string match -v '/*')
    # Options are offered when one is begun, or when there is nothing else; files when there is no candidate.
    set -l words (string match -v -- '-*' $found)
    if set -q words[1]; and not string match -q -- '-*' (commandline -ct)
        string join \n -- $words
    else if set -q found[1]
        string join \n -- $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c autostack-db -f -a '(__autostack_db_candidates)'
