//! Every route keeps to its guard, and every officers' route to the roles it is for. Both tables below must name every
//! route: a new one fails here until somebody has said who may open it.

use std::collections::BTreeSet;

use huecry::domain::officer::Role;
use huecry::store::accounts::{OfficerRow, find_team, insert_officers, list_officers};
use huecry::web::routes::{Guard, TABLE, WEBHOOKS};
use serde_json::json;

use super::{INBOUND, post_signed};
use crate::support::app::{ACCOUNT, POOL, TestApp, eventually};
use crate::support::browser::Client;
use crate::support::db::TestDb;

/// A path of a route, with something in each of its places.
fn example(path: &str) -> String {
    let filled = path.replace("{name}", "app.css").replace("{token}", "aaaa").replace("{reference}", "K7Q2M");
    let filled = filled.replace("{message}", "aaaaaaaaaaaaaaaa").replace("{ordinal}", "0");
    let filled = filled.replace("{export}", "aaaaaaaaaaaaaaaa").replace("{copy}", "aaaaaaaaaaaaaaaa");
    let filled = if path.contains("/admin/") { filled.replace("{id}", "1") } else { filled.replace("{id}", "aaaaaaaaaaaaaaaa") };
    let filled = filled.replace("{channel}", if path.contains("/email/") { "mail" } else { "sms" });
    assert!(!filled.contains('{'), "say what stands in {path}");
    filled
}

struct Seen {
    status: u16,
    location: String,
    kind: String,
}

async fn ask(t: &TestApp, method: &str, path: &str, cookie: &str) -> Seen {
    let url = format!("{}{path}", t.url);
    let request = match method {
        "get" => t.http().get(url),
        "post" => t.http().post(url).header("content-type", "application/x-www-form-urlencoded"),
        other => panic!("say how {other} is asked"),
    };
    // The answer's head is enough: one of them never ends.
    let answer = request.header("cookie", cookie).send().await.unwrap();
    let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    Seen { status: answer.status().as_u16(), location: header("location"), kind: header("content-type") }
}

on_both!(without_signing_in_every_route_shows_its_own_door, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    for (method, path, guard) in TABLE.iter().chain(WEBHOOKS) {
        let seen = ask(&t, method, &example(path), "").await;
        let told = format!("{method} {path}: {} to {:?}, {}", seen.status, seen.location, seen.kind);
        match (guard, *method) {
            (Guard::Officer, "get") => assert!(seen.status == 303 && seen.location.starts_with("/sign-in?next=%2F"), "{told}"),
            (Guard::Officer, _) => assert!((seen.status == 303 && seen.location.starts_with("/sign-in")) || seen.status == 403, "{told}"),
            (Guard::Resident, _) => assert!(seen.status == 303 && seen.location == "/account/sign-in", "{told}"),
            (Guard::Key, _) => assert!(seen.status == 401 && seen.kind == "application/problem+json", "{told}"),
            (Guard::Webhook, _) => assert_eq!(seen.status, 403, "{told}"),
            // A page is there for anybody, a form without its token is not, and a link that we never made leads nowhere.
            (Guard::Public, "post") if path.starts_with("/reset/") => assert_eq!(seen.status, 403, "{told}"),
            (Guard::Public, _) if path.contains("{token}") => assert_eq!(seen.status, 404, "{told}"),
            // No directory is configured here.
            (Guard::Public, "get") if path.starts_with("/sign-in/oidc") => assert_eq!(seen.status, 404, "{told}"),
            (Guard::Public, "get") => assert_eq!(seen.status, 200, "{told}"),
            (Guard::Public, _) => assert_eq!(seen.status, 403, "{told}"),
        }
    }
    t.stop().await;
});

on_both!(what_is_no_route_is_a_page_that_says_so, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    for path in ["/nothing", "/inbox/", "/admin/parked", "/webhooks/sms", "/.env", "/assets/../Cargo.toml"] {
        assert_eq!(t.visitor().get(path).await.status, 404, "{path}");
    }
    let put = t.http().put(format!("{}{INBOUND}", t.url)).send().await.unwrap();
    assert!([404, 405].contains(&put.status().as_u16()), "{}", put.status());
    t.stop().await;
});

/// Who asks, in this order: each role, of the alert's own team and of another, and where a role can have none, without.
/// Account, and what it is to the scene.
const PEOPLE: [(&str, &[Is]); 10] = [
    ("owner@force.example", &[Is::Reader, Is::Seer, Is::Writer, Is::Team, Is::Watcher, Is::Holder]),
    ("mate@force.example", &[Is::Reader, Is::Seer, Is::Writer, Is::Team]),
    ("stranger@force.example", &[Is::Reader, Is::Writer]),
    ("supervisor.dales@force.example", &[Is::Reader, Is::Seer, Is::Writer, Is::Team, Is::Watcher, Is::Supervisor, Is::Holder]),
    ("supervisor.city@force.example", &[Is::Reader, Is::Writer, Is::Supervisor]),
    ("desk@force.example", &[Is::Reader, Is::Seer, Is::Writer, Is::Watcher, Is::Supervisor, Is::Holder]),
    ("desk.city@force.example", &[Is::Reader, Is::Writer, Is::Supervisor, Is::Holder]),
    ("press@force.example", &[Is::Holder]),
    ("reader@force.example", &[Is::Reader, Is::Seer, Is::Admin, Is::Watcher]),
    ("admin@force.example", &[Is::Admin, Is::Watcher]),
];

/// What somebody is to the scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    /// May read replies at all.
    Reader,
    /// May see this conversation.
    Seer,
    /// May write alerts.
    Writer,
    /// Of the alert's own team, and may write alerts.
    Team,
    /// Runs the installation.
    Admin,
    /// May see who looked at this conversation.
    Watcher,
    /// Supervises, wherever.
    Supervisor,
    /// May pause this alert and take it back.
    Holder,
}

/// Who may open a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    /// Anybody who is signed in.
    All,
    /// Whoever is that; for others it is forbidden.
    Only(Is),
    /// Whoever is both; for others it is forbidden.
    Both(Is, Is),
    /// Whoever reads replies, and administrators.
    Staff,
    /// Whoever sees the conversation; for other readers it does not exist.
    Seers,
    /// Whoever may see who looked; for others who see the conversation it is forbidden, and does not exist for other readers.
    Watchers,
}

impl For {
    /// What somebody gets where those for whom it is get `status`.
    fn answer(self, is: &[Is], status: u16) -> u16 {
        match self {
            Self::All => status,
            Self::Only(what) if is.contains(&what) => status,
            Self::Both(what, more) if is.contains(&what) && is.contains(&more) => status,
            Self::Seers if is.contains(&Is::Seer) => status,
            Self::Staff if is.contains(&Is::Reader) || is.contains(&Is::Admin) => status,
            Self::Watchers if is.contains(&Is::Watcher) => status,
            Self::Watchers if is.contains(&Is::Seer) => 403,
            Self::Seers | Self::Watchers if is.contains(&Is::Reader) => 404,
            Self::Only(_) | Self::Both(..) | Self::Seers | Self::Staff | Self::Watchers => 403,
        }
    }
}

/// Every officers' route, for whom it is, and what they get, in the order in which they are asked.
const ROUTES: &[(&str, &str, For, u16)] = &[
    ("get", "/events", For::All, 200),
    ("get", "/inbox", For::Only(Is::Reader), 200),
    ("get", "/inbox/rows", For::Only(Is::Reader), 200),
    ("post", "/inbox/views", For::Only(Is::Reader), 303),
    ("post", "/inbox/views/{id}/forget", For::Only(Is::Reader), 303),
    ("get", "/inbox/{id}", For::Seers, 200),
    ("get", "/inbox/{id}/thread", For::Seers, 200),
    ("get", "/inbox/{id}/original/{message}", For::Seers, 200),
    ("get", "/inbox/{id}/sent/{message}", For::Seers, 200),
    ("get", "/inbox/{id}/attachment/{message}/{ordinal}", For::Seers, 200),
    ("get", "/inbox/{id}/preview/{message}/{ordinal}", For::Seers, 200),
    ("get", "/inbox/{id}/evidence", For::Seers, 200),
    ("get", "/inbox/{id}/evidence/panel", For::Seers, 200),
    ("post", "/inbox/{id}/exhibit/{message}", For::Seers, 303),
    ("post", "/inbox/{id}/exhibit/{message}/{ordinal}", For::Seers, 303),
    ("post", "/inbox/{id}/export", For::Seers, 303),
    ("get", "/inbox/{id}/export/{export}", For::Seers, 200),
    ("get", "/inbox/{id}/copy/{copy}", For::Seers, 200),
    ("get", "/inbox/{id}/redact/{message}", For::Seers, 200),
    ("post", "/inbox/{id}/redact/{message}", For::Seers, 422),
    ("get", "/inbox/{id}/redact/{message}/{ordinal}", For::Seers, 200),
    ("post", "/inbox/{id}/redact/{message}/{ordinal}", For::Seers, 303),
    ("get", "/inbox/search", For::Only(Is::Reader), 200),
    ("get", "/inbox/keys", For::Only(Is::Reader), 200),
    ("get", "/inbox/canned", For::Staff, 200),
    ("post", "/inbox/canned", For::Staff, 422),
    ("post", "/inbox/bulk", For::Only(Is::Reader), 303),
    ("post", "/inbox/undo", For::Only(Is::Reader), 303),
    ("post", "/inbox/{id}/here", For::Seers, 200),
    ("post", "/inbox/{id}/leave", For::Seers, 204),
    ("post", "/inbox/{id}/draft", For::Seers, 303),
    ("post", "/inbox/{id}/cost", For::Seers, 200),
    ("post", "/inbox/{id}/seen", For::Seers, 204),
    ("get", "/inbox/{id}/canned", For::Seers, 200),
    ("post", "/inbox/{id}/tag", For::Seers, 422),
    ("post", "/inbox/{id}/assign", For::Seers, 422),
    ("post", "/inbox/{id}/handover", For::Seers, 422),
    ("post", "/inbox/{id}/note", For::Seers, 422),
    ("post", "/inbox/{id}/note/draft", For::Seers, 303),
    ("post", "/inbox/{id}/leave-out", For::Seers, 422),
    ("post", "/inbox/{id}/split", For::Seers, 422),
    ("post", "/inbox/{id}/urgency", For::Seers, 422),
    ("post", "/inbox/{id}/thrive", For::Seers, 422),
    ("get", "/alerts/{reference}/outcome", For::Only(Is::Team), 200),
    ("post", "/alerts/{reference}/outcome", For::Only(Is::Team), 422),
    ("get", "/inbox/informants", For::Only(Is::Supervisor), 200),
    ("get", "/inbox/{id}/views", For::Watchers, 200),
    ("post", "/inbox/{id}/unmask", For::Seers, 422),
    ("post", "/inbox/{id}/hold", For::Seers, 422),
    ("post", "/inbox/{id}/reply", For::Seers, 422),
    ("post", "/inbox/{id}/pause", For::Seers, 422),
    ("post", "/inbox/{id}/resume", For::Seers, 303),
    ("post", "/inbox/{id}/take-up", For::Seers, 303),
    ("post", "/inbox/{id}/close", For::Seers, 303),
    ("post", "/inbox/{id}/reopen", For::Seers, 303),
    ("post", "/inbox/{id}/unread", For::Seers, 303),
    ("post", "/inbox/{id}/move", For::Seers, 422),
    ("get", "/alerts", For::All, 200),
    ("get", "/alerts/new", For::Only(Is::Writer), 200),
    ("post", "/alerts/new", For::Only(Is::Writer), 200),
    ("post", "/alerts/preview", For::Only(Is::Writer), 200),
    ("get", "/alerts/{reference}", For::All, 200),
    ("get", "/alerts/{reference}/progress", For::All, 200),
    ("post", "/alerts/{reference}/close", For::Only(Is::Team), 303),
    ("post", "/alerts/{reference}/reopen", For::Only(Is::Team), 303),
    ("post", "/alerts/{reference}/hold", For::Only(Is::Holder), 404),
    ("get", "/press", For::All, 200),
    ("get", "/press/figures", For::All, 200),
    ("get", "/press/volume.csv", For::All, 200),
    ("get", "/admin", For::Only(Is::Admin), 200),
    ("get", "/admin/parked/{id}/raw", For::Only(Is::Admin), 200),
    ("post", "/admin/parked/{id}/replay", For::Only(Is::Admin), 303),
    ("post", "/admin/notices/{id}/clear", For::Only(Is::Admin), 303),
    ("get", "/admin/officers", For::Only(Is::Admin), 200),
    ("get", "/admin/officers/new", For::Only(Is::Admin), 200),
    // Without fields they ask for what is missing; nobody has the number that they are asked with.
    ("post", "/admin/officers", For::Only(Is::Admin), 400),
    ("get", "/admin/officers/{id}", For::Only(Is::Admin), 404),
    ("post", "/admin/officers/{id}", For::Only(Is::Admin), 400),
    ("post", "/admin/officers/{id}/disable", For::Only(Is::Admin), 404),
    ("post", "/admin/officers/{id}/enable", For::Only(Is::Admin), 404),
    ("post", "/admin/officers/{id}/away", For::Only(Is::Admin), 404),
    ("post", "/admin/officers/{id}/reset-link", For::Only(Is::Admin), 404),
    ("post", "/admin/officers/{id}/reset-codes", For::Only(Is::Admin), 303),
    ("post", "/admin/officers/{id}/end-sessions", For::Only(Is::Admin), 404),
    ("get", "/admin/teams", For::Only(Is::Admin), 200),
    ("post", "/admin/teams", For::Only(Is::Admin), 422),
    ("post", "/admin/teams/{id}", For::Only(Is::Admin), 422),
    ("get", "/admin/areas", For::Only(Is::Admin), 200),
    ("get", "/admin/groups", For::Only(Is::Admin), 200),
    ("post", "/admin/groups", For::Only(Is::Admin), 422),
    ("post", "/admin/groups/{id}", For::Only(Is::Admin), 422),
    ("post", "/admin/groups/{id}/retire", For::Only(Is::Admin), 404),
    ("post", "/admin/groups/{id}/restore", For::Only(Is::Admin), 404),
    ("get", "/admin/keys", For::Only(Is::Admin), 200),
    ("post", "/admin/keys", For::Only(Is::Admin), 422),
    ("post", "/admin/keys/{id}/revoke", For::Only(Is::Admin), 303),
    ("get", "/admin/channels", For::Only(Is::Admin), 200),
    ("get", "/admin/audit", For::Only(Is::Admin), 200),
    ("get", "/admin/people", For::Only(Is::Admin), 200),
    ("post", "/admin/people", For::Only(Is::Admin), 422),
    ("get", "/admin/people/{id}", For::Only(Is::Admin), 404),
    ("get", "/admin/people/{id}/erase", For::Only(Is::Admin), 404),
    ("post", "/admin/people/{id}/erase", For::Only(Is::Admin), 404),
    ("post", "/admin/people/{id}/export", For::Both(Is::Admin, Is::Reader), 404),
    ("get", "/admin/retention", For::Only(Is::Admin), 200),
    ("post", "/admin/holds/{id}/lift", For::Only(Is::Admin), 404),
    ("get", "/me/security", For::All, 200),
    ("get", "/me/security/codes", For::All, 200),
    ("post", "/me/security/codes", For::All, 422),
    ("post", "/me/security/codes/new", For::All, 422),
    ("post", "/me/security/codes/off", For::All, 422),
    ("post", "/me/security/password", For::All, 422),
    ("post", "/me/security/sessions/{id}/end", For::All, 404),
    ("post", "/me/security/sessions/end-others", For::All, 303),
    ("post", "/sign-out", For::All, 303),
];

/// The roles that a test's furniture does not have.
async fn appoint(t: &TestApp, db: &TestDb) {
    let (dales, city) = (t.owner.team_id, find_team(&mut db.read().await, "City").await.unwrap().map(|team| team.id));
    let account = |email: &str, role: &str, team_id: Option<i64>, reads_replies: bool| OfficerRow {
        role: role.into(),
        team_id,
        reads_replies,
        password_hash: t.owner.password_hash.clone(),
        ..db.new_officer(email)
    };
    let rows = vec![
        account("supervisor.dales@force.example", "supervisor", dales, false),
        account("supervisor.city@force.example", "supervisor", city, false),
        account("desk@force.example", "duty_desk", None, false),
        account("desk.city@force.example", "duty_desk", city, false),
        account("reader@force.example", "admin", None, true),
    ];
    assert_eq!(insert_officers(&mut db.write().await, rows).await.unwrap(), 5);
}

/// A mail with a picture in reply to an alert, and an envelope that cannot be read.
struct Scene {
    reference: String,
    conversation: String,
    message: String,
    export: String,
    copy: String,
    parked: i64,
}

async fn scene(t: &TestApp, db: &TestDb) -> Scene {
    t.add_resident(db, "Bob", &["bob@example.org"], &[]).await;
    let mut officer = t.officer(PEOPLE[0].0).await;
    let reference = t.publish(&mut officer, "White van", "Did you see a white van?").await;
    let mail = t.wait_for_mails("bob@example.org", 1).await.remove(0);
    let photo = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    let attachments = json!([{ "name": "van.png", "content_type": "image/png", "base64": photo }]);
    t.mail("bob@example.org", json!({ "mail_id": mail["id"], "text": "Here.", "attachments": attachments })).await;
    let key = t.key(&["inbox"]).await;
    let conversation = t.wait_for_conversations(&key, &reference, 1).await.remove(0);
    let faulty = [("AccountSid", ACCOUNT), ("To", POOL[0]), ("Body", "no sender"), ("MessageSid", "SM-faulty")];
    assert_eq!(post_signed(t, INBOUND, &faulty).await.0, 200);
    let parked = eventually("the faulty text to be parked", async || {
        huecry::store::envelopes::list_parked(&mut db.read().await, 9).await.unwrap().first().map(|row| row.id)
    })
    .await;
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let (conversation, message) = (text(&conversation["id"]), text(&conversation["messages"][0]["id"]));
    officer.get(&format!("/inbox/{conversation}")).await;
    assert_eq!(officer.submit(&format!("/inbox/{conversation}/redact/{message}"), &[("phrases", "Here")]).await.status, 303);
    assert_eq!(officer.submit(&format!("/inbox/{conversation}/export"), &[]).await.status, 303);
    let (export, copy) = eventually("the export", async || {
        let mut conn = db.read().await;
        let row = huecry::store::messages::find(&mut conn, &message).await.unwrap().unwrap();
        let copy = huecry::store::working_copies::list_of(&mut conn, &[row.id]).await.unwrap().remove(0).public_id;
        let export = huecry::store::exports::list_of(&mut conn, row.conversation_id).await.unwrap().remove(0);
        (export.status == "ready").then_some((export.public_id, copy))
    })
    .await;
    Scene { reference, conversation, message, export, copy, parked }
}

impl Scene {
    fn fill(&self, path: &str) -> String {
        let id = if path.starts_with("/admin/officers") || path.starts_with("/inbox/views/") {
            "1".to_owned()
        } else if path.starts_with("/admin/") {
            self.parked.to_string()
        } else {
            self.conversation.clone()
        };
        path.replace("{reference}", &self.reference)
            .replace("{message}", &self.message)
            .replace("{ordinal}", "0")
            .replace("{export}", &self.export)
            .replace("{copy}", &self.copy)
            .replace("{id}", &id)
    }
}

async fn open(t: &TestApp, client: &mut Client, method: &str, path: &str) -> u16 {
    if method == "get" { ask(t, method, path, &client.cookie_header()).await.status } else { client.submit(path, &[("action", "preview")]).await.status }
}

on_both!(every_role_gets_what_the_table_says_and_nothing_else, async |db| {
    let listed: BTreeSet<_> = ROUTES.iter().map(|(method, path, ..)| (*method, *path)).collect();
    let routed: BTreeSet<_> = TABLE.iter().filter(|(.., guard)| *guard == Guard::Officer).map(|(method, path, _)| (*method, *path)).collect();
    assert_eq!(listed, routed, "say in this table what each role gets");

    let t = TestApp::start(db).await;
    appoint(&t, db).await;
    let roles: BTreeSet<_> = list_officers(&mut db.read().await).await.unwrap().into_iter().map(|row| row.role).collect();
    assert_eq!(roles, Role::ALL.iter().map(|role| role.as_str().to_owned()).collect(), "every role asks");
    let scene = scene(&t, db).await;
    let mut clients = Vec::new();
    for (who, _) in PEOPLE {
        let mut client = t.officer(who).await;
        assert_eq!(client.get("/alerts").await.status, 200);
        clients.push(client);
    }
    let mut wrong = Vec::new();
    for (method, path, whose, allowed) in ROUTES {
        for (client, (who, is)) in clients.iter_mut().zip(PEOPLE) {
            let (status, expected) = (open(&t, client, method, &scene.fill(path)).await, whose.answer(is, *allowed));
            if status != expected {
                wrong.push(format!("{who} {method} {path}: {status}, not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for client in &mut clients {
        assert_eq!(client.get("/alerts").await.status, 303, "whoever signed out is out");
    }
    t.stop().await;
});
