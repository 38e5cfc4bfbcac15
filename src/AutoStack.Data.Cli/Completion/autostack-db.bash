# Completion of autostack-db for bash: source <(autostack-db completion bash)
_autostack_db() {
    local typed=${COMP_LINE:0:COMP_POINT} found
    typed=${typed#*"${COMP_WORDS[0]}"}
    typed=${typed#"${typed%%[![:space:]]*}"}
    found=$("${COMP_WORDS[0]}" "[suggest:${#typed}]" "$typed" 2>/dev/null)
    # Options are offered when one is begun, or when there is nothing else.
    local words=$(grep -v '^[-/]' <<<"$found")
    [[ ${COMP_WORDS[COMP_CWORD]} == -* || -z $words ]] || found=$words
    found=$(grep -v '^/' <<<"$found")
    local IFS=$'\n'
    # Without a candidate bash completes file names.
    COMPREPLY=($(compgen -W "$found" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _autostack_db autostack-db
