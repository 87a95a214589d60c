"""The control API: what can be asked, in varlink's words, and which of it is for whom.

All else follows from here: `control/verbs` reads the verbs and what they take, the daemon's service has a function of
each one's name, the console a path.  `control/errors` has words for each error.
"""

from typing import Final

NAME: Final = "org.netstrata.Control"
SERVICE: Final = "org.varlink.service"
KINDS: Final = (
    "transition", "values", "process", "error", "note", "waits", "child", "kernel", "dhcp", "supplicant",
    "retry", "control", "program",
)  # fmt: skip

# Everybody who reaches the socket may use these; all others are for those who steer.
PUBLIC: Final = frozenset({"Status", "Why", "Watch", "Graph", "Links", "Routes", "Dns", "Figures", "Allowed"})
# These change nothing (RFC 9110, section 9.2.1); all others do, and are refused by who only looks.
SAFE: Final = PUBLIC | {"Source", "Files", "Show", "Goals", "Plan", "Program", "Text", "Confirmation"}
# A program may run any command as who the daemon runs as: these are for root, and for that user.
CHANGING: Final = frozenset(
    {"Reload", "Load", "Replace", "Unload", "Stop", "Start", "Spawn", "Plan", "Confirm", "Revert"}
)

# The answer to these takes as long as it takes: children that are undone, a new version that takes over.
LONG: Final = frozenset({"Upgrade"}) | CHANGING - {"Confirm"}

DESCRIPTION: Final = """# Ask a running Netstrata how it is, and steer it.
#
# Reading is for everybody who can reach the socket; steering is for root, the user the daemon runs as, and
# members of the group netdev.  Who may only read sees states and the network: of what statements say and have found
# only that of statements about the network (net.…), no line of a child's, no argument, no name that is made of values
# (a process then has a name like manager.2/worker[#4f5e6a7b8c9d], and can be asked for by it) and no file's name: each
# of them may hold a secret.  Goals, Files, Source, Show and Program are for those who steer.
interface org.netstrata.Control

# A statement.  state is gone, down, up or dying; since is in seconds of wall time, 0 if unknown; layer is 1 link,
# 2 association or authentication, 3 addresses and routes, 4 tunnels and above, 0 none, and that of a structure the
# highest of what it runs.  waits says what it waits for; processes are those it runs.
type Floor (
  statement: int,
  name: string,
  label: ?string,
  file: string,
  line: int,
  state: string,
  since: ?float,
  layer: ?int,
  values: ?[string]string,
  waits: ?string,
  processes: ?[]string
)

# state is complete, waiting, failed, undoing, undone or gone.  lights says by layer ("1" to "4") how much of what the
# process and those below it have of that layer is up: up (all), coming (some has begun) or down; lights_since when
# something of the layer last moved, in seconds of wall time, 0 if nothing ever did.
type Process (
  process: string,
  state: string,
  floors: []Floor,
  lights: ?[string]string,
  lights_since: ?[string]float
)

# A link of the chain from a process to what it waits for in the end, which has root set.
type Cause (
  depth: int,
  process: string,
  statement: int,
  name: string,
  file: string,
  line: int,
  since: float,
  text: string,
  root: bool
)

# Something that happened.  kind is transition (from, to, values), values (which a method has changed since), process
# (what; if a statement runs it, the template it was created from, and that statement: the process parent, the number
# at), error (text, retry_ms until the next attempt, and refused if it is the
# program that is wrong, not the system that would not), retry (a child that
# is kept running has ended: text, and retry_ms until it is started again), child (a line that a child of the
# statement's has said: child, pid, text), kernel (what has changed), dhcp and supplicant (how these conversations go),
# waits (what a statement is down for, or cannot be gone), note, control (what somebody asked for; if it is a goal,
# which one, and whether it is asked for now) or program (a program begins).
# Whatever the kind, what stands is known from events alone: waits says what the statement waits for from then on
# (behind: in which processes), trouble what is wrong although it is up, names what it provides, wants or comes up for
# (scope: in which scope) or, of one about the outside, what may be links, provider and provider_statement who provides
# what it wants; known has the names of statements to come, by their numbers.  Who may only read is not told of names.
# seq counts within a log, which goes on when a daemon is upgraded in place; nothing stands of what was before a program
# begins.
type Event (
  seq: int,
  log: ?string,
  time: float,
  monotonic: float,
  kind: string,
  process: string,
  statement: ?int,
  name: ?string,
  file: ?string,
  line: ?int,
  column: ?int,
  layer: ?int,
  from: ?string,
  to: ?string,
  values: ?[string]string,
  what: ?string,
  text: ?string,
  account: ?string,
  retry_ms: ?int,
  refused: ?bool,
  child: ?string,
  pid: ?int,
  uid: ?int,
  template: ?string,
  parent: ?string,
  at: ?int,
  goal: ?string,
  asked: ?bool,
  waits: ?string,
  behind: ?[]string,
  trouble: ?string,
  names: ?[]string,
  scope: ?int,
  provider: ?string,
  provider_statement: ?int,
  known: ?[string][]string
)

# A process of the graph, and that process `from` needs what `to` gives under a name.  kind is depend, call (from's
# statement runs `to` in its place) or child (it runs `to` beside itself); statement is from's, provider is to's, from
# 1, 0 if it is all of it; up says whether it has it now.
type Node (process: string, state: string)
type Edge (from: string, to: string, name: string, kind: string, statement: int, provider: int, up: bool)

# A file that was generated for a program.  statement is the one that needs it; size is in bytes, changed in seconds of
# wall time.
type File (name: string, process: string, statement: int, size: int, changed: float)

# A link of the system.  kind is iproute2's word for one that was made, else ethernet, wifi, loopback or other; up is
# administratively, carrier says that the other end is there as well; duplex is half or full; ssid, signal_dbm,
# quality (0 to 100) and bitrate_mbps (sending) are those of a wireless link in a network; processes are those that
# have begun a statement with the link's name as an argument.  What nobody knows is left out.
type Link (
  name: string,
  index: int,
  kind: string,
  up: bool,
  carrier: bool,
  mtu: int,
  mac: ?string,
  speed_mbps: ?int,
  duplex: ?string,
  ssid: ?string,
  signal_dbm: ?int,
  quality: ?int,
  bitrate_mbps: ?float,
  rx_bytes: int,
  tx_bytes: int,
  rx_packets: int,
  tx_packets: int,
  rx_errors: int,
  tx_errors: int,
  rx_dropped: int,
  tx_dropped: int,
  processes: []string
)

# A statement that holds something: the process, and its number from 1; process is "" if it has ended.
type Holder (process: string, statement: int, name: string)

# An uplink that stands, of each family the best first.  state is preferred, ready, silent (nothing gets through) or
# unusable (the kernel has no route over it); gets_through is what a probe says, since in seconds of wall time; gateway
# is left out where the link has another end only.
type Uplink (
  link: string,
  family: int,
  gateway: ?string,
  preference: int,
  kind: string,
  state: string,
  gets_through: ?bool,
  since: ?float,
  server: ?string,
  holder: Holder
)

# A route that statements hold; ours says that it was not there before.
type KeptRoute (route: string, table: int, ours: bool, holders: []Holder)

# The route that the kernel uses for an address.  owner is its protocol, as iproute2 calls it; uplink is the link of the
# uplink that it leads over.
type UsedRoute (route: string, table: int, owner: string, holders: []Holder, uplink: ?string)

# By whom names are answered, and why by them.
type Backend (name: string, reason: string)

# A name server that a statement holds.  for says which names it is asked for now, "" for none; answer what it has
# answered, if it was asked.
type NameServer (
  server: string,
  for: string,
  answer: ?string,
  link: ?string,
  domains: ?[]string,
  search: ?[]string,
  priority: int,
  process: string,
  statement: int
)

# What systemd-resolved has for a link now; a domain that is not searched has ~ before it.  problem says why that is not
# known.
type ResolvedLink (link: string, servers: []string, domains: []string, problem: ?string)

# What somebody else has changed; time is in seconds of wall time.
type Interference (time: float, text: string)

# What can be asked for.  asked says whether a person does; state is idle, waiting or up; processes are those that come
# up for it or provide it.
type Goal (name: string, asked: bool, state: string, processes: []string)

# What is counted.  uptime is in seconds; events are those of the log; errors, retries (waits to try a statement again)
# and the engine's steps are since the program began, processes by state and floors by layer and state are how many
# there are now; lights are those of the program's own processes.
type Counted (
  version: string,
  uptime: float,
  events: int,
  errors: int,
  retries: int,
  steps: int,
  processes: [string]int,
  floors: [](layer: int, state: string, floors: int),
  lights: [](process: string, layer: int, state: string)
)

# What was, or would be, undone or begun of a program; text is how it is written, perhaps that it depends on what is not
# known yet whether it begins at all; operations, of a plan, are what it does outside, in order, as far
# as that is known.
type Step (
  what: string, process: string, statement: int, name: string, file: string, line: int, text: ?string, perhaps: ?bool,
  operations: ?[]string
)

# What people have changed of a program: what is loaded, unloaded or stopped, of which process or template; persist
# says that it outlives the daemon.
type Change (what: string, process: string, who: string, when: float, persist: bool)

# A program that has run: who made it the program, when, and how; runs says that it is the one that runs.
type Version (number: int, who: string, when: float, why: string, runs: bool)

# A program that somebody has to confirm within so many seconds more; otherwise the previous one runs again.
type Awaited (left: float, who: string, version: int, previous: int)

# What is wrong with a program, and what to do; line and column, in bytes, count from 1.
type Mistake (text: string, hint: string, file: ?string, line: ?int, column: ?int)

# What stands: one process, or all that the program has; with below, also those that they run.
method Status(process: ?string, below: ?bool) -> (processes: []Process)

# Why a process is where it is, or the processes of a template; what stands behind a goal or a name that is provided;
# who waits for a link, and who uses it.  Who may only read asks of processes and links.
method Why(process: string) -> (causes: []Cause)

# With more: events as they happen, after those in memory that are younger than a number (0: all of them).  Without
# more: only those in memory.  Who may only read is not told of the kinds child and control.  process is one and those
# below it; statement is a number or a name; kind may be several, with commas in between.  A client that does not read
# is told Gap, and the connection ends.
# Each event says where it is: its number, and the log that this is a number of.  Who comes again says both (after,
# log), and goes on from there, also after an upgrade in place; where another log is kept by now, he is told OtherLog,
# and where the events in between are in memory no more, Gap.
method Watch(
  after: ?int,
  log: ?string,
  process: ?string,
  statement: ?string,
  child: ?string,
  kind: ?string
) -> (events: []Event)

# Undo a process from a statement on (1 if none is given), and bring it up again; with above, the statement itself
# stays.
method Restart(process: string, statement: ?int, above: ?bool) -> ()

# Try again now what could not begin, instead of when its wait is over: in one process, or in all; these did wait.
method Retry(process: ?string) -> (processes: []string)

# The verbs that change the program are for root, and who the daemon runs as.  What differs from what runs is undone,
# with what stands on it, and then what is new begins; nothing else is touched.  changed says whether anything differs;
# steps are what has happened, in order, with what was done outside: until all was undone, and what is new was made, if
# that did not take longer than a second.  With plan nothing is changed, and steps are what would be.  With persist a
# change outlives the daemon.  With confirm it has to be confirmed within so many seconds, or goes back.

# Read the program's file again, with what it includes.
method Reload(confirm: ?int, plan: ?bool) -> (changed: bool, steps: []Step)

# Add the processes and templates of a text; file is what it is called in messages.
method Load(text: string, file: ?string, persist: ?bool, confirm: ?int, plan: ?bool) -> (changed: bool, steps: []Step)

# Have another text of one process or template; with the base of the text that it was made from (see Text) only if it
# is that text still.  A line with ******** that is as it was shown keeps its secret; in others ******** stands for the
# secret of the text, if there is one only.
method Replace(
  process: string, text: string, file: ?string, base: ?string, persist: ?bool, confirm: ?int, plan: ?bool
) -> (changed: bool, steps: []Step)

# Have a process or template no more; with force also if others stand on it.
method Unload(
  process: string, force: ?bool, persist: ?bool, confirm: ?int, plan: ?bool
) -> (changed: bool, steps: []Step)

# Undo a process, and leave it so; let it run again.
method Stop(process: string, persist: ?bool, confirm: ?int, plan: ?bool) -> (changed: bool, steps: []Step)
method Start(process: string, confirm: ?int, plan: ?bool) -> (changed: bool, steps: []Step)

# Run a template, with arguments that are strings, as a process of its own.
method Spawn(
  template: string, arguments: []string, name: string, persist: ?bool, plan: ?bool
) -> (changed: bool, steps: []Step)

# What Reload would undo and begin.
method Plan() -> (changed: bool, steps: []Step)

# Keep the program that has to be confirmed, with a version only that one; go back to one that ran before, without a
# number to the last other one.
method Confirm(version: ?int) -> ()
method Revert(version: ?int, confirm: ?int, plan: ?bool) -> (changed: bool, steps: []Step)

# The program that runs, as text; what people have changed of what its files say, and which programs have run.  problem
# says why the files are not what runs, if the daemon watches them (run --watch).
method Program() -> (
  text: string, changes: []Change, versions: []Version, awaited: ?Awaited, problem: ?string
)

# The program that has to be confirmed, if one has, and the one that runs, if others are kept to go back to.
method Confirmation() -> (awaited: ?Awaited, runs: ?Version, problem: ?string)

# One process or template as it is written; base tells this text from others, loaded that no file of the program has it.
method Text(process: string) -> (text: string, base: string, loaded: bool)

# All processes, and what one has, or would have, from another.
method Graph() -> (nodes: []Node, edges: []Edge)

# The links of the system the daemon runs on, or one of them, with its counters as they are now.
method Links(name: ?string) -> (links: []Link)

# Uplinks, which of each family is preferred and why, and the routes that the program holds; with an address what the
# kernel uses for it, instead of these.
method Routes(address: ?string) -> (uplinks: []Uplink, why: []string, held: []KeptRoute, used: ?UsedRoute)

# Who answers names: servers, best first, and what has become of them.  named are those in the file now, which is ours
# if it is as it was written here.  With probe each server is asked once, over its link, for two seconds at most.
method Dns(probe: ?bool) -> (
  backends: []Backend,
  servers: []NameServer,
  file: string,
  named: []string,
  ours: bool,
  links: []ResolvedLink,
  happened: []Interference
)

# How much there is, and how much has happened; `netstrata metrics` prints it.
method Figures() -> (figures: Counted)

# The program's texts by file name, and those that people have loaded by what they are called in messages.
method Source() -> (files: [string]string)

# The files that are generated for programs now.
method Files() -> (files: []File)

# What one of them holds, with ******** in the place of every secret.
method Show(name: string) -> (text: string)

# What can be asked for: the program's on_request and require.
method Goals() -> (goals: []Goal)

# Run the version that is installed by now in place of the one that runs: it takes over what stands, the clients, and
# the log of events.  The answer comes when all is taken over: version before and after, and the seconds that it took.
method Upgrade() -> (before: string, after: string, seconds: float)

# The verbs that who asks may use.
method Allowed() -> (verbs: []string)

# Ask for a goal, or no more; what it requires is asked for by itself.  A name that is only provided can be asked for,
# too: nothing comes up for that, and how far it is can be waited for.
method Ask(goal: string) -> ()
method Drop(goal: string) -> ()

error NoSuchProcess (process: string, similar: []string)
error NoSuchStatement (process: string, statement: int, statements: int)
error NoSuchFile (file: string, similar: []string)
error NoSuchLink (link: string, similar: []string)
error Unavailable (text: string)
error Refused (text: string, mistakes: ?[]Mistake)
error Busy (text: string)
error InUse (process: string, by: []string)
error NoSuchVersion (version: int, similar: []string)
error NothingAwaited ()
error OtherText (process: string)

error NoSuchGoal (goal: string, similar: []string)
error PermissionDenied (verb: string, allowed: []string)
error Gap (seq: int)
error OtherLog (log: string)
error NotUpgraded (text: string)
error TooManyConnections (most: int)

# A recording is shown (netstrata replay), which knows nothing of this.
error NotRecorded (verb: string)
"""

SERVICE_DESCRIPTION: Final = """# What every varlink service can be asked.
interface org.varlink.service

method GetInfo() -> (vendor: string, product: string, version: string, url: string, interfaces: []string)
method GetInterfaceDescription(interface: string) -> (description: string)

error InterfaceNotFound (interface: string)
error MethodNotFound (method: string)
error MethodNotImplemented (method: string)
error InvalidParameter (parameter: string)
error PermissionDenied ()
error ExpectedMore ()
"""
