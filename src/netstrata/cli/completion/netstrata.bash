# Completion of `netstrata` for bash: source it, or put it into /usr/share/bash-completion/completions/netstrata.
_netstrata() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ $line == :files ]]; then
            compopt -o default 2>/dev/null
        else
            COMPREPLY+=("${line%%$'\t'*}")
        fi
    done < <("${1:-netstrata}" _complete bash "${COMP_LINE:0:COMP_POINT}" 2>/dev/null </dev/null)
}
complete -F _netstrata netstrata
