#compdef netstrata
# Completion of `netstrata` for zsh: put it into a directory of $fpath as `_netstrata`, or source it after compinit.
_netstrata() {
    local line
    local -a found shown
    for line in "${(@f)$(${words[1]} _complete zsh "${(j: :)words[1,CURRENT-1]} $PREFIX" 2>/dev/null </dev/null)}"; do
        if [[ $line == :files ]]; then
            _files
        elif [[ -n $line ]]; then
            found+=("${line%%$'\t'*}")
            shown+=("${line/$'\t'/  -- }")
        fi
    done
    (( $#found )) && compadd -l -d shown -a found
}
if [[ $funcstack[1] == _netstrata ]]; then
    _netstrata "$@"
else
    compdef _netstrata netstrata
fi
