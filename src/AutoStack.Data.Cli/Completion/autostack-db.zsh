#compdef autostack-db
# Completion of autostack-db for zsh: source <(autostack-db completion zsh), after compinit
_autostack_db() {
    local -a before found
    before=("${(@)words[2,CURRENT-1]}" "$PREFIX")
    local typed="${(j: :)before}"
    found=(${(f)"$(${words[1]} "[suggest:${#typed}]" "$typed" 2>/dev/null)"})
    # Options are offered when one is begun, or when there is nothing else.
    found=(${found:#/*})
    if [[ $PREFIX != -* && -n ${found:#-*} ]]; then
        found=(${found:#-*})
    fi
    if (( ${#found} )); then
        compadd -a found
    else
        _files
    fi
}
compdef _autostack_db autostack-db
