"""Programs that do one thing many times: each returns its text, and how many statements come up in it."""

from collections.abc import Callable


def foreach(size: int) -> tuple[str, int]:
    """Three statements for each element of a list."""
    elements = ", ".join(f'"{number}"' for number in range(size))
    text = f"""process main {{
    Foreach ({{{elements}}} As element) {{
        var(element) a;
        var(@concat(a, "x")) b;
        a->set(b);
    }};
    exit("0");
}}
"""
    return text, 3 * size + 2


def counter(size: int) -> tuple[str, int]:
    """A loop that goes back to a point."""
    text = f"""process main {{
    var("0") i;
    backtrack_point() again;
    If (@num_lesser(i, "{size}")) {{
        i->set(@num_add(i, "1"));
        again->go();
    }};
    exit("0");
}}
"""
    return text, 3 * size + 4


def machine(size: int) -> tuple[str, int]:
    """A Turing machine that counts up in binary on a tape, its rules and its tape being value objects."""
    text = f"""process main {{
    value([
        {{"back", "0"}}: {{"1", "left", "home"}}, {{"back", "1"}}: {{"0", "left", "back"}},
        {{"back", "_"}}: {{"1", "right", "home"}},
        {{"home", "0"}}: {{"0", "right", "home"}}, {{"home", "1"}}: {{"1", "right", "home"}},
        {{"home", "_"}}: {{"_", "left", "back"}}
    ]) rules;
    value({{{", ".join(['"_"'] * 40)}}}) tape;
    var("back") state;
    var("38") head;
    var("0") steps;
    backtrack_point() next;
    If (@num_lesser(steps, "{size}")) {{
        tape->get(head) symbol;
        rules->get({{state, symbol}}) rule;
        rule->get("0") write;
        rule->get("1") move;
        rule->get("2") then;
        tape->replace(head, write);
        head->set(@if(@val_equal(move, "left"), @num_subtract(head, "1"), @num_add(head, "1")));
        state->set(then);
        steps->set(@num_add(steps, "1"));
        next->go();
    }};
    exit("0");
}}
"""
    return text, 11 * size + 8


def providers(size: int) -> tuple[str, int]:
    """Pairs of a process that provides and one that depends, the latter being there first."""
    pairs = "".join(f'process p{n} {{ provide("N{n}"); }}\nprocess d{n} {{ depend("N{n}"); }}\n' for n in range(size))
    return f'process main {{ depend("N0"); exit("0"); }}\n{pairs}', 2 * size + 2


def processes(size: int) -> tuple[str, int]:
    """Processes of ten statements, all started, then all stopped."""
    elements = ", ".join(f'"{number}"' for number in range(size))
    body = "".join(f"    var(_arg0) v{n};\n" for n in range(10))
    text = f"""process main {{
    process_manager() manager;
    Foreach ({{{elements}}} As name) {{ manager->start(name, "work", {{name}}); }};
    Foreach ({{{elements}}} As name) {{ manager->stop(name); }};
    exit("0");
}}
template work {{
{body}}}
"""
    return text, 12 * size + 4


def collections(size: int) -> tuple[str, int]:
    """A list and a map that grow, both read as a whole each time."""
    text = f"""process main {{
    list() l;
    value([]) m;
    var("0") i;
    backtrack_point() again;
    If (@num_lesser(i, "{size}")) {{
        i->set(@num_add(i, "1"));
        l->append(i);
        var(l) whole_list;
        m->insert(i, "x") entry;
        m->get(i) found;
        again->go();
    }};
    println(l.length, " ", m.length);
    exit("0");
}}
"""
    return text, 7 * size + 6


def lines(size: int) -> tuple[str, int]:
    """A program of so many lines, to be read only."""
    template = """template tN {
    var("some text") name;
    call("t0", {name, "a", {"b", "c"}}) c;
    If (@and(@val_equal(name, "x"), @not("true"))) {
        println("value: ", name, "\\n", @num_add("1", "2"));
    };
    net.ipv4.addr("eth0", "192.0.2.1", "24");  # an address
    name->set(["key": name, "other": {"1", "2"}]);
    rprintln(@concat(name, "x"));
}
"""
    count = size // 10
    return "".join(template.replace("tN", f"t{number}", 1) for number in range(count)), 7 * count


WORKLOADS: list[tuple[str, Callable[[int], tuple[str, int]], int]] = [
    ("foreach", foreach, 10_000),
    ("counter", counter, 100_000),
    ("machine", machine, 10_000),
    ("providers", providers, 2_000),
    ("processes", processes, 5_000),
    ("collections", collections, 10_000),
]
"""Name, program, and the smaller of the two sizes; the larger is ten times that."""
