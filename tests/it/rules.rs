//! Rules that the code keeps, read from its text: who imports whom, and what stands in one place only.
//!
//! The import rule is design section 4. `MAY_USE` is that table; `BEYOND` are the exceptions, each with its reason and each
//! still needed: one that is not used any more fails, so that the list can only shrink. Test code within `src` is not held
//! to any of this.

use std::collections::BTreeSet;
use std::path::PathBuf;

use regex::Regex;

/// Which rooms a room, or one file of it, may use. A longer path is allowed by its beginning: `store` allows `store::views`.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("clock", &["domain"]),
    ("config", &["domain"]),
    ("telemetry", &["config"]),
    ("store", &["domain", "config"]),
    ("files", &["domain", "config"]),
    ("channels", &["domain", "config"]),
    ("app", &["config", "store", "files", "channels", "clock", "domain"]),
    ("audit", &["store", "files", "domain"]),
    ("outbound", &["app", "store", "files", "audit", "domain"]),
    ("outbound/dispatch", &["channels"]),
    ("outbound/breaker", &["channels::SendError"]),
    ("outbound/retry", &["channels::SendError"]),
    ("outbound/standing", &["channels::SendError"]),
    ("inbound", &["app", "store", "files", "audit", "domain", "outbound::enqueue", "outbound::compose", "outbound::receipts"]),
    ("inbound/listen", &["channels"]),
    ("inbound/poll", &["channels", "config"]),
    ("inbound/process", &["channels"]),
    ("inbox", &["app", "store", "files", "audit", "domain", "outbound::enqueue", "outbound::receipts"]),
    ("residents", &["app", "store", "files", "audit", "domain", "outbound::enqueue", "outbound::receipts"]),
    ("accounts", &["app", "store", "files", "audit", "domain", "outbound::enqueue", "outbound::receipts"]),
    ("accounts/sessions", &["config::SecondStep"]),
    ("accounts/directory", &["channels::oidc", "config::GroupConfig"]),
    ("accounts/second_step", &["config::SecondStep"]),
    ("privacy", &["app", "store", "files", "audit", "domain"]),
    ("press", &["app", "store", "files", "audit", "domain"]),
    ("partners", &["app", "store", "files", "audit", "domain"]),
    ("web", ABOVE),
    ("workers", ABOVE),
    ("inspect", ABOVE),
    ("demo", ABOVE),
];

/// What stands above the use cases may use: all of them, and of the store what is read for a screen.
const ABOVE: &[&str] =
    &["app", "outbound", "inbound", "inbox", "residents", "press", "privacy", "partners", "accounts", "audit", "files", "store::views", "channels", "domain"];

/// Exceptions: from, to, why.
const BEYOND: &[(&str, &str, &str)] = &[
    ("outbound", "channels::registry", "which channel and number a text goes out by; `App` hands the registry out"),
    ("outbound/reconcile", "channels::Doubtful", "what a look-up goes by"),
    ("inbound/intake", "channels::Verified", "what `verify` told, as it came from there"),
    ("inbound/mail", "channels::registry", "our own addresses, to know a mail of ours"),
    ("inbound/wish", "channels::registry", "whether the channel confirms a STOP itself"),
    ("inbound/acknowledge", "channels::registry", "whether the channel answers a first text itself"),
    ("inbound/listing", "channels", "like `poll`: it reads what the provider keeps"),
    ("inbox", "outbound::compose", "how an officer's answer is worded"),
    ("inbox", "inbound::thread", "the words of an attribution, to explain it"),
    ("privacy", "inbox::evidence::bundle", "the ZIP for a person is written as one of evidence is"),
    ("web", "store", "handlers find rows by id and show them; that they change none is held below"),
    ("workers", "store", "housekeeping: what has expired, and gauges"),
    ("demo", "store", "the seed fills the tables"),
    ("demo", "web", "the demonstration runs the whole product"),
    ("demo", "workers", "the demonstration runs the whole product"),
    ("demo", "config", "the demonstration writes its own configuration"),
    ("demo", "telemetry", "the demonstration runs the whole product"),
];

/// A file of `src`: its path below it, its text without comments, strings and test modules (line breaks kept).
struct Source {
    path: String,
    raw: String,
    code: String,
}

fn root() -> PathBuf {
    crate::support::checkout().join("src")
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let raw = std::fs::read_to_string(&path).unwrap();
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
                found.push(Source { path: name, code: bare(&raw), raw });
            }
        }
    }
    assert!(found.len() > 50, "src was not read");
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Blanks out comments, strings and characters, and cuts off the test module at the end.
fn bare(text: &str) -> String {
    let skipped = Regex::new(r##"(?s)//[^\n]*|/\*.*?\*/|\bb?r#".*?"#|\bb?r"[^"]*"|b?"(?:\\.|[^"\\])*"|b?'(?:\\.[^']*|[^'\\])'"##).unwrap();
    let code = skipped.replace_all(text, |found: &regex::Captures<'_>| found[0].chars().filter(|c| *c == '\n').collect::<String>() + "_");
    let tests = Regex::new(r"#\[cfg\(test\)\]\s+mod \w+ \{").unwrap();
    tests.find(&code).map_or(code.as_ref(), |found| &code[..found.start()]).to_owned()
}

fn line_of(code: &str, position: usize) -> usize {
    code[..position].matches('\n').count() + 1
}

impl Source {
    /// `inbound/classify/mod.rs` → `inbound::classify`.
    fn module(&self) -> Vec<&str> {
        let path = self.path.trim_end_matches(".rs");
        let path = path.strip_suffix("/mod").unwrap_or(path);
        path.split('/').collect()
    }

    fn is_entry(&self) -> bool {
        matches!(self.path.as_str(), "main.rs" | "lib.rs")
    }

    /// Every path that leaves this file's room, with its line.
    fn uses(&self) -> Vec<(usize, String)> {
        let start = Regex::new(r"\b(?:crate|super(?:\s*::\s*super)*)\s*::\s*").unwrap();
        let mut uses = Vec::new();
        for found in start.find_iter(&self.code) {
            let mut base: Vec<&str> = Vec::new();
            if found.as_str().starts_with("super") {
                let up = found.as_str().matches("super").count();
                let module = self.module();
                // More than there are levels: `super` of a module within the file.
                base = module[..module.len().saturating_sub(up)].to_vec();
            }
            for rest in expand(&self.code[found.end()..]) {
                let path = base.iter().copied().map(str::to_owned).chain(rest).collect::<Vec<_>>();
                if path.first().is_some_and(|room| *room != self.module()[0] && room != "*") {
                    uses.push((line_of(&self.code, found.start()), path.join("::")));
                }
            }
        }
        uses
    }
}

/// The paths of a use tree: `a::{b, c::d}` → `a::b`, `a::c::d`. Stops where the tree does.
fn expand(text: &str) -> Vec<Vec<String>> {
    let text = text.trim_start();
    if let Some(group) = text.strip_prefix('{') {
        return split_group(group).into_iter().flat_map(expand).collect();
    }
    let word: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == '*').collect();
    if word.is_empty() {
        return Vec::new();
    }
    let rest = text[word.len()..].trim_start();
    match rest.strip_prefix("::") {
        Some(rest) if !rest.trim_start().starts_with('<') => expand(rest).into_iter().map(|tail| std::iter::once(word.clone()).chain(tail).collect()).collect(),
        _ => vec![vec![word]],
    }
}

/// The parts between a group's commas, up to its closing brace.
fn split_group(group: &str) -> Vec<&str> {
    let (mut depth, mut from, mut parts) = (0_u32, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            ',' if depth == 0 => {
                parts.push(&group[from..at]);
                from = at + 1;
            }
            '}' if depth == 0 => {
                parts.push(&group[from..at]);
                break;
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    parts
}

fn begins_with(path: &str, beginning: &str, separator: &str) -> bool {
    path.strip_prefix(beginning).is_some_and(|rest| rest.is_empty() || rest.starts_with(separator))
}

/// Macros stand at the root of the crate, wherever they are written.
const MACROS: &[&str] = &["words", "on", "insert_all"];

fn is_allowed(module: &str, used: &str) -> bool {
    MAY_USE.iter().any(|(from, to)| begins_with(module, from, "/") && to.iter().any(|to| begins_with(used, to, "::")))
}

fn exception<'a>(module: &str, used: &str) -> Option<&'a (&'static str, &'static str, &'static str)> {
    BEYOND.iter().find(|(from, to, _)| begins_with(module, from, "/") && begins_with(used, to, "::"))
}

#[test]
fn a_room_uses_only_the_rooms_that_the_design_allows() {
    let (mut violations, mut needed) = (Vec::new(), BTreeSet::new());
    for source in sources().iter().filter(|source| !source.is_entry()) {
        let module = source.module().join("/");
        for (line, used) in source.uses() {
            if MACROS.contains(&used.as_str()) || is_allowed(&module, &used) {
                continue;
            }
            match exception(&module, &used) {
                Some(found) => {
                    needed.insert(found);
                }
                None => violations.push(format!("src/{}:{line} uses {used}", source.path)),
            }
        }
    }
    assert!(violations.is_empty(), "design section 4 does not allow:\n{}", violations.join("\n"));
    let idle: Vec<_> = BEYOND.iter().filter(|entry| !needed.contains(entry)).collect();
    assert!(idle.is_empty(), "exceptions that nobody needs any more: {idle:?}");
}

#[test]
fn every_room_has_its_line_in_the_table() {
    let rooms: BTreeSet<String> = sources().iter().filter(|source| !source.is_entry()).map(|source| source.module()[0].to_owned()).collect();
    let listed: BTreeSet<&str> = MAY_USE.iter().map(|(from, _)| *from).collect();
    for room in rooms {
        assert!(listed.contains(room.as_str()), "say in MAY_USE what {room} may use");
    }
}

#[test]
fn the_reader_of_imports_sees_groups_nesting_and_relative_paths() {
    let source = |path: &str, code: &str| Source { path: path.into(), raw: String::new(), code: bare(code) };
    let seen = |path: &str, code: &str| source(path, code).uses();
    let nested = "use crate::store::{self, Conn, views::{a, b as c}};\n// crate::web::x\nfn f() { crate::web::g::<u8>(\"crate::press\") }";
    let expected = [(1, "store::self"), (1, "store::Conn"), (1, "store::views::a"), (1, "store::views::b"), (3, "web::g")];
    assert_eq!(seen("inbox/mod.rs", nested), expected.map(|(line, path)| (line, path.to_owned())));
    assert_eq!(seen("channels/sms/x.rs", "use super::super::web::y;"), []);
    assert_eq!(seen("channels/sms/x.rs", "use super::super::super::web::y;"), [(1, "web::y".to_owned())]);
    assert_eq!(seen("app.rs", "use crate::{clock, files::Files};"), [(1, "clock".to_owned()), (1, "files::Files".to_owned())]);
    assert_eq!(seen("app.rs", "#[cfg(test)]\nmod tests {\n use crate::web::x;\n}"), []);
    assert!(!is_allowed("domain/at", "store::Conn") && is_allowed("web/inbox", "store::views::inbox") && !is_allowed("storehouse", "domain"));
}

/// Fails where a pattern stands in a file that is not among those that may have it.
fn only_in(pattern: &str, owners: &[&str], what: &str) {
    let pattern = Regex::new(pattern).unwrap();
    let (mut violations, mut seen) = (Vec::new(), false);
    for source in sources() {
        let owner = owners.iter().any(|owner| source.path == *owner || (owner.ends_with('/') && source.path.starts_with(owner)));
        for found in pattern.find_iter(&source.code) {
            seen = true;
            if !owner {
                violations.push(format!("src/{}:{}: {}", source.path, line_of(&source.code, found.start()), found.as_str()));
            }
        }
    }
    assert!(seen, "{what}: nothing in src is of the form {pattern}, so this rule sees nothing");
    assert!(violations.is_empty(), "{what}:\n{}", violations.join("\n"));
}

#[test]
fn only_the_store_writes_sql() {
    let what = "only src/store writes SQL";
    only_in(r"\bsql_query\b|\bdiesel::(?:dsl::sql|insert_into|replace_into|update|delete|select)\b", &["store/"], what);
    only_in(r"\bschema::\w+", &["store/"], what);
    only_in(r"\bon!\s*\(|\binsert_all!\s*\(", &["store/"], what);
    only_in(r"\bdiesel_async\b|\bdiesel::prelude\b", &["store/"], what);
}

#[test]
fn only_the_clock_reads_the_time_and_the_simulator_has_its_own() {
    only_in(r"\bUtc::now\b|\bLocal::now\b|\bSystemTime::now\b", &["clock.rs", "demo/simulator/clock.rs"], "only src/clock.rs reads the time");
}

#[test]
fn only_the_configuration_reads_the_environment() {
    // `config` reads it through its library, whose call is named here so that the rule sees something.
    only_in(r"\benv::vars?(?:_os)?\b|\bEnvironment::with_prefix\b", &["config/"], "only src/config reads the environment");
}

#[test]
fn only_channels_open_sockets_to_carriers() {
    only_in(
        r"\breqwest::|\blettre::|\basync_imap::",
        &["channels/", "demo/simulator/"],
        "only src/channels speaks to carriers, and the simulator, which plays them",
    );
}

/// Pages that change a row themselves: file, function, why. Each is still needed, as above.
const WRITES_ABOVE: &[(&str, &str, &str)] = &[
    ("web/admin/parked.rs", "envelopes::replay", "no use-case room is about envelopes"),
    ("web/admin/parked.rs", "notices::clear", "one statement and its entry in the audit log"),
    ("web/api/alerts.rs", "accounts::insert_idempotent", "the answer that is kept is the page's own"),
    ("workers.rs", "sessions::delete_expired", "housekeeping"),
];

#[test]
fn no_page_changes_a_row_itself() {
    let writes = store_functions_that_write();
    assert!(writes.len() > 60 && writes.contains(&("suppressions".to_owned(), "suppress".to_owned())), "the store was not read: {writes:?}");
    let call = Regex::new(r"\b(\w+)::(\w+)\s*\(").unwrap();
    let (mut violations, mut needed) = (Vec::new(), BTreeSet::new());
    for source in sources().iter().filter(|source| source.path.starts_with("web/") || source.path.starts_with("workers")) {
        for found in call.captures_iter(&source.code).filter(|found| writes.contains(&(found[1].to_owned(), found[2].to_owned()))) {
            let name = format!("{}::{}", &found[1], &found[2]);
            match WRITES_ABOVE.iter().find(|(path, function, _)| source.path == *path && name == *function) {
                Some(known) => {
                    needed.insert(known);
                }
                None => violations.push(format!("src/{}:{}: {name}", source.path, line_of(&source.code, found.get(0).unwrap().start()))),
            }
        }
    }
    assert!(violations.is_empty(), "a change of rows is a use case, not a page's:\n{}", violations.join("\n"));
    let idle: Vec<_> = WRITES_ABOVE.iter().filter(|entry| !needed.contains(entry)).collect();
    assert!(idle.is_empty(), "exceptions that nobody needs any more: {idle:?}");
}

/// Module and name of every store function that changes a row.
fn store_functions_that_write() -> BTreeSet<(String, String)> {
    let function = Regex::new(r"pub async fn (\w+)").unwrap();
    let change = Regex::new(r#"insert_into\(|insert_all!|replace_into\(|diesel::update\(|diesel::delete\(|"(?:INSERT|UPDATE|DELETE) "#).unwrap();
    let mut found = BTreeSet::new();
    for source in sources().iter().filter(|source| source.path.starts_with("store/") && !source.path.starts_with("store/views")) {
        let module = (*source.module().last().unwrap()).to_owned();
        let begins: Vec<(usize, String)> = function.captures_iter(&source.raw).map(|name| (name.get(0).unwrap().start(), name[1].to_owned())).collect();
        for (index, (begin, name)) in begins.iter().enumerate() {
            let end = begins.get(index + 1).map_or(source.raw.len(), |(next, _)| *next);
            if change.is_match(&source.raw[*begin..end]) {
                found.insert((module.clone(), name.clone()));
            }
        }
    }
    found
}

#[test]
fn read_models_change_nothing() {
    let change = Regex::new(r"\b(?:insert_into|replace_into|insert_all|update|delete)\b|(?i)\b(?:INSERT INTO|UPDATE \w+ SET|DELETE FROM)\b").unwrap();
    for source in sources().iter().filter(|source| source.path.starts_with("store/views/")) {
        let found = change.find(&source.raw).map(|found| format!("{}: {}", line_of(&source.raw, found.start()), found.as_str()));
        assert_eq!(found, None, "src/{}", source.path);
    }
}

#[test]
fn every_file_says_first_what_it_is_for_and_none_is_too_long() {
    for source in sources() {
        assert!(source.raw.starts_with("//! "), "src/{} does not open with //!", source.path);
        let lines = source.raw.lines().count();
        // The schema is one file for both databases: a list, and as long as it must be.
        assert!(lines <= 600 || source.path == "store/schema.rs", "src/{} has {lines} lines: split it", source.path);
    }
}

#[test]
fn every_file_of_the_suite_says_first_what_it_is_for() {
    let ignored = Regex::new(r"(?m)^\s*#\[ignore").unwrap();
    let mut folders = vec![crate::support::checkout().join("tests/it")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(text.starts_with("//! "), "{} does not open with //!", path.display());
                assert!(!ignored.is_match(&text), "{} has a test that never runs", path.display());
            }
        }
    }
}

#[test]
fn pure_files_know_no_store_no_network_and_no_clock() {
    let impure = Regex::new(r"\basync fn\b|\.await\b|\btokio::|\breqwest::|\bstd::(?:fs|net)::").unwrap();
    let mut pure = BTreeSet::new();
    for source in sources() {
        let head: String = source.raw.lines().take_while(|line| line.starts_with("//!")).collect::<Vec<_>>().join("\n");
        if !head.contains("[pure]") {
            continue;
        }
        let found = impure.find(&source.code).map(|found| format!("{}: {}", line_of(&source.code, found.start()), found.as_str()));
        assert_eq!(found, None, "src/{} calls itself pure", source.path);
        // A row is a value like any other.
        let is_impure = |used: &String| ["app", "clock", "files", "store"].iter().any(|room| begins_with(used, room, "::")) && !used.ends_with("Row");
        let used: Vec<_> = source.uses().into_iter().map(|(_, used)| used).filter(is_impure).collect();
        assert!(used.is_empty(), "src/{} calls itself pure and uses {used:?}", source.path);
        pure.insert(source.path);
    }
    for path in [
        "domain/delivery.rs",
        "outbound/breaker/heard.rs",
        "outbound/breaker/mod.rs",
        "outbound/dispatch/line.rs",
        "outbound/pace.rs",
        "outbound/retry.rs",
        "outbound/sender_pool.rs",
        "inbound/thread/mod.rs",
        "inbound/thread/text.rs",
        "inbound/thread/mail.rs",
        "inbound/thread/hand.rs",
        "inbound/route.rs",
        "inbound/normalise/mod.rs",
        "inbound/understand.rs",
        "inbound/classify/bounce/mod.rs",
    ] {
        assert!(pure.contains(path), "src/{path} is one of the pure files and no longer says so");
    }
}
