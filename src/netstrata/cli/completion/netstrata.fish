# Completion of `netstrata` for fish: put it into ~/.config/fish/completions or /usr/share/fish/vendor_completions.d.
function __netstrata_complete
    for line in (command netstrata _complete fish (commandline -cp) 2>/dev/null </dev/null)
        if test "$line" = :files
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c netstrata -f -a '(__netstrata_complete)'
