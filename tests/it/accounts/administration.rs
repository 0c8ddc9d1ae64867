//! Administrators' pages over real HTTP.

use huecry::store::{accounts, notices, places};

use super::{ADMIN, OFFICER, acts_on, code, id_of, set_up, sign_in};
use crate::support::app::{PASSWORD, SECTOR, TestApp};

const NEW: &str = "seven brass lanterns";

async fn link_for(t: &TestApp, email: &str) -> String {
    let text = t.wait_for_mails(email, 1).await[0]["text"].as_str().unwrap().to_owned();
    let at = text.find(&format!("{}/reset/", t.url)).unwrap_or_else(|| panic!("no link in {text}"));
    text[at + t.url.len()..].split_whitespace().next().unwrap().to_owned()
}

on_both!(an_officer_is_added_chooses_a_password_and_is_found, async |db| {
    let t = TestApp::start(db).await;
    let mut admin = t.officer(ADMIN).await;
    admin.get("/admin/officers/new").await;
    let dales = t.owner.team_id.unwrap().to_string();
    let fields = |email: &'static str, name: &'static str| [("email", email), ("name", name), ("role", "supervisor"), ("team", "")];
    for (email, name, field) in [("no address", "Sgt A", "email"), ("a@force.example", " ", "name"), (OFFICER, "Sgt A", "email")] {
        let refused = admin.submit("/admin/officers", &fields(email, name)).await;
        assert!(refused.status == 422 && refused.body.contains(&format!("id=\"{field}-error\"")), "{email}: {}", refused.body);
    }
    let added = admin.submit("/admin/officers", &[("email", "Sgt.New@force.example"), ("name", "Sgt New"), ("role", "supervisor"), ("team", &dales)]).await;
    let page = added.location.unwrap();
    assert_eq!(sign_in(&mut t.visitor(), "sgt.new@force.example", "").await.status, 422, "an account without a password opens to none");
    let made = admin.submit(&format!("{page}/reset-link"), &[]).await.body;
    assert!(made.contains("on its way") && !made.contains("/reset/"), "what could be mailed is shown to nobody else: {made}");
    let link = link_for(&t, "sgt.new@force.example").await;
    let mut visitor = t.visitor();
    visitor.get(&link).await;
    assert_eq!(visitor.submit(&link, &[("new", NEW), ("again", NEW)]).await.status, 303);
    assert_eq!(sign_in(&mut visitor, "sgt.new@force.example", NEW).await.status, 303);
    let search = async |admin: &mut crate::support::browser::Client, query: &str| {
        let body = admin.get(&format!("/admin/officers?{query}")).await.body;
        body.matches("<th scope=\"row\"><a").count()
    };
    assert_eq!(search(&mut admin, "q=sgt+NEW").await, 1);
    assert_eq!(search(&mut admin, "role=supervisor").await, 1);
    assert_eq!(search(&mut admin, &format!("team={dales}")).await, 3);
    assert!(admin.get("/admin/officers?q=zzz").await.body.contains("Nobody found"));
    t.stop().await;
});

on_both!(whoever_loses_a_right_or_the_account_is_out_at_once, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (mut admin, id) = (t.officer(ADMIN).await, id_of(db, OFFICER).await);
    let page = format!("/admin/officers/{id}");
    admin.get(&page).await;
    let mut there = t.officer(OFFICER).await;
    let team = t.owner.team_id.unwrap().to_string();
    let keep = [("email", OFFICER), ("name", "PC Renamed"), ("role", "officer"), ("team", team.as_str())];
    assert_eq!(admin.submit(&page, &keep).await.status, 303);
    assert_eq!(there.get("/inbox").await.status, 200, "another name signs nobody out");
    assert_eq!(admin.submit(&page, &[("email", OFFICER), ("name", "PC Renamed"), ("role", "press"), ("team", "")]).await.status, 303);
    assert_eq!(there.get("/press").await.status, 303, "another role does");
    let mut there = t.officer(OFFICER).await;
    assert_eq!(there.get("/inbox").await.status, 403);
    assert_eq!(admin.submit(&format!("{page}/disable"), &[]).await.status, 303);
    assert_eq!(there.get("/press").await.status, 303);
    assert_eq!(sign_in(&mut t.visitor(), OFFICER, PASSWORD).await.status, 422);
    assert_eq!(admin.submit(&format!("{page}/reset-link"), &[]).await.status, 404, "a disabled account gets no link");
    assert_eq!(admin.submit(&format!("{page}/enable"), &[]).await.status, 303);
    let mut there = t.officer(OFFICER).await;
    assert_eq!(admin.submit(&format!("{page}/end-sessions"), &[]).await.status, 303);
    assert_eq!(there.get("/press").await.status, 303);
    let acts = acts_on(db, id).await;
    for act in ["officer.change", "officer.disable", "officer.enable", "officer.end_sessions"] {
        assert!(acts.contains(&act.to_owned()), "{act} is not in {acts:?}");
    }
    t.stop().await;
});

on_both!(reading_replies_is_given_by_another_administrator_and_everybody_sees_it, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let mut second = db.new_officer("second@force.example");
    (second.role, second.name, second.password_hash) = ("admin".into(), "Second Admin".into(), t.owner.password_hash.clone());
    accounts::insert_officers(&mut db.write().await, vec![second]).await.unwrap();
    let (mut admin, own, other) = (t.officer(ADMIN).await, id_of(db, ADMIN).await, id_of(db, "second@force.example").await);
    admin.get("/admin").await;
    let fields = |email: &'static str, role: &'static str| [("email", email), ("name", "An Admin"), ("role", role), ("team", ""), ("reads_replies", "1")];
    let refused = admin.submit(&format!("/admin/officers/{own}"), &fields(ADMIN, "admin")).await;
    assert!(refused.status == 422 && refused.body.contains("cannot let yourself"), "{}", refused.body);
    let refused = admin.submit(&format!("/admin/officers/{own}"), &fields(ADMIN, "press")).await;
    assert!(refused.status == 422 && refused.body.contains("your own role"), "{}", refused.body);
    assert_eq!(admin.submit(&format!("/admin/officers/{own}/disable"), &[]).await.status, 422);
    let mut reader = t.officer("second@force.example").await;
    assert_eq!(reader.get("/inbox").await.status, 403);
    assert_eq!(admin.submit(&format!("/admin/officers/{other}"), &fields("second@force.example", "admin")).await.status, 303);
    let mut reader = t.officer("second@force.example").await;
    assert_eq!(reader.get("/inbox").await.status, 200);
    assert!(acts_on(db, other).await.contains(&"officer.grant_replies".to_owned()));
    let standing = notices::list_standing(&mut db.read().await, 10).await.unwrap();
    assert!(standing.iter().any(|notice| notice.detail.contains("An Admin may read residents’ replies")), "{standing:?}");
    assert!(admin.get("/admin").await.body.contains("An administrator reads replies"));
    let without = [("email", "second@force.example"), ("name", "An Admin"), ("role", "admin"), ("team", "")];
    assert_eq!(admin.submit(&format!("/admin/officers/{other}"), &without).await.status, 303);
    assert_eq!(reader.get("/inbox").await.status, 303);
    assert!(notices::list_standing(&mut db.read().await, 10).await.unwrap().is_empty());
    t.stop().await;
});

on_both!(lost_codes_are_taken_away_and_leave_has_its_cover, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (mut admin, id) = (t.officer(ADMIN).await, id_of(db, OFFICER).await);
    let (secret, _) = set_up(&t, &mut t.officer(OFFICER).await).await;
    let page = format!("/admin/officers/{id}");
    assert!(admin.get(&page).await.body.contains("Take their codes away"));
    assert_eq!(admin.submit(&format!("{page}/reset-codes"), &[]).await.status, 303);
    assert_eq!(sign_in(&mut t.visitor(), OFFICER, PASSWORD).await.status, 303, "{}", code(&secret, t.app.now(), 0));
    let mate = id_of(db, "mate@force.example").await;
    let press = id_of(db, "press@force.example").await.to_string();
    for (day, cover, field) in [("2020-01-01", "", "away_until"), ("soon", "", "away_until"), ("2099-01-01", press.as_str(), "cover")] {
        let refused = admin.submit(&format!("{page}/away"), &[("away_until", day), ("cover", cover)]).await;
        assert!(refused.status == 422 && refused.body.contains(&format!("id=\"{field}-error\"")), "{day}: {}", refused.body);
    }
    assert_eq!(admin.submit(&format!("{page}/away"), &[("away_until", "2099-07-01"), ("cover", &mate.to_string())]).await.status, 303);
    let row = accounts::find_officer(&mut db.read().await, id).await.unwrap().unwrap();
    assert_eq!((row.cover_id, row.away_until.unwrap().rfc3339().as_str()), (Some(mate), "2099-07-01T23:00:00.000Z"), "the whole of the last day, in London");
    assert!(admin.get(&page).await.body.contains("value=\"2099-07-01\""));
    assert_eq!(admin.submit(&format!("{page}/away"), &[("away_until", ""), ("cover", "")]).await.status, 303);
    assert_eq!(accounts::find_officer(&mut db.read().await, id).await.unwrap().unwrap().away_until, None);
    t.stop().await;
});

on_both!(teams_groups_and_areas_are_kept, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let mut admin = t.officer(ADMIN).await;
    admin.get("/admin/teams").await;
    let district = t.areas[0].id.to_string();
    assert_eq!(admin.submit("/admin/teams", &[("name", "Peak"), ("area", &district)]).await.status, 303);
    assert_eq!(admin.submit("/admin/teams", &[("name", "Peak"), ("area", "")]).await.status, 422);
    let peak = accounts::find_team(&mut db.read().await, "Peak").await.unwrap().unwrap();
    assert_eq!(peak.area_id, Some(t.areas[0].id));
    assert_eq!(admin.submit(&format!("/admin/teams/{}", peak.id), &[("name", "Dales"), ("area", "")]).await.status, 422);
    assert_eq!(admin.submit(&format!("/admin/teams/{}", peak.id), &[("name", "High Peak"), ("area", "")]).await.status, 303);
    assert!(accounts::find_team(&mut db.read().await, "High Peak").await.unwrap().is_some());
    t.add_resident(db, "Ann", &["ann@example.org"], &["cctv-owners"]).await;
    let areas = admin.get(&format!("/admin/areas?q={}", SECTOR.replace(' ', "+"))).await.body;
    assert!(areas.contains(SECTOR) && areas.contains("<td class=\"n\">1</td>"), "{areas}");

    assert_eq!(admin.submit("/admin/groups", &[("slug", "Horse Watch"), ("name", "Horse watch")]).await.status, 422);
    assert_eq!(admin.submit("/admin/groups", &[("slug", "horse-watch"), ("name", "Horse watch"), ("description", "Stables")]).await.status, 303);
    let of = async |slug: &str| places::list_groups(&mut db.read().await).await.unwrap().into_iter().find(|group| group.slug == slug).unwrap();
    let horses = of("horse-watch").await.id;
    assert_eq!(admin.submit(&format!("/admin/groups/{horses}"), &[("name", "Horse owners"), ("description", "")]).await.status, 303);
    let compose = async || t.officer(OFFICER).await.get("/alerts/new").await.body;
    assert!(compose().await.contains("Horse owners"));
    assert_eq!(admin.submit(&format!("/admin/groups/{horses}/retire"), &[]).await.status, 303);
    assert!(!compose().await.contains("Horse owners"), "nobody is offered it");
    assert_eq!(admin.submit(&format!("/admin/groups/{horses}/restore"), &[]).await.status, 303);
    assert!(compose().await.contains("Horse owners"));
    t.stop().await;
});

on_both!(a_key_is_shown_once_its_use_is_seen_and_it_is_taken_back, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let mut admin = t.officer(ADMIN).await;
    admin.get("/admin/keys").await;
    assert_eq!(admin.submit("/admin/keys", &[("name", "Control room")]).await.status, 422);
    let refused = admin.submit("/admin/keys", &[("name", "Control room"), ("scope", "inbox")]).await;
    assert!(refused.status == 422 && refused.body.contains("by somebody who may read them"), "{}", refused.body);
    let mut admin = crate::privacy::reader(&t, db).await;
    admin.get("/admin/keys").await;
    let made = admin.submit("/admin/keys", &[("name", "Control room"), ("scope", "inbox")]).await;
    let key = made.body.split_once("<code>hc_").map(|(_, rest)| format!("hc_{}", rest.split('<').next().unwrap())).unwrap();
    let list = admin.get("/admin/keys").await.body;
    assert!(!list.contains(&key) && list.contains("Never"), "{list}");
    assert_eq!(admin.submit("/admin/keys", &[("name", "Control room"), ("scope", "inbox")]).await.status, 422, "the name is taken");
    t.api(&key, "/api/v1/unattributed").await;
    assert!(admin.get("/admin").await.body.contains("reads and answers residents’ replies"), "every administrator sees that there is such a key");
    let list = admin.get("/admin/keys").await.body;
    assert!(!list.contains("Never"), "{list}");
    let id = accounts::list_api_keys(&mut db.read().await).await.unwrap()[0].id;
    assert_eq!(admin.submit(&format!("/admin/keys/{id}/revoke"), &[]).await.status, 303);
    let refused = t.http().get(format!("{}/api/v1/unattributed", t.url)).bearer_auth(&key).send().await.unwrap();
    assert_eq!(refused.status().as_u16(), 401);
    t.stop().await;
});

on_both!(the_audit_log_is_searched_and_each_search_is_in_it, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (mut admin, officer) = (t.officer(ADMIN).await, id_of(db, OFFICER).await);
    for _ in 0..60 {
        let mut client = t.officer(OFFICER).await;
        client.get("/me/security").await;
        client.submit("/sign-out", &[]).await;
    }
    let rows = |body: &str| body.matches("<th scope=\"row\">").count();
    let first = admin.get(&format!("/admin/audit?officer={officer}&action=officer.&kind=officer&subject={officer}")).await.body;
    assert_eq!(rows(&first), 50);
    assert!(first.contains("PC owner@force.example") && first.contains("Signed in") && first.contains("Account of PC owner"), "{first}");
    assert!(first.contains(&format!("href=\"/admin/officers/{officer}\"")), "who acted is a link: {first}");
    let next = first.split_once("href=\"/admin/audit?").unwrap().1.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
    assert_eq!(rows(&admin.get(&format!("/admin/audit?{next}")).await.body), 10);
    assert_eq!(rows(&admin.get("/admin/audit?action=officer.sign_i").await.body), 0, "a whole word, or a beginning up to a dot");
    assert_eq!(rows(&admin.get("/admin/audit?until=2020-01-01").await.body), 0);
    for (query, field) in [("from=soon", "from"), ("subject=mine", "subject"), ("action=a%25b", "action"), ("about=nothing", "about")] {
        let refused = admin.get(&format!("/admin/audit?{query}")).await;
        assert!(refused.status == 422 && refused.body.contains(&format!("href=\"#{field}\"")), "{query}: {}", refused.body);
    }
    let searches = admin.get("/admin/audit?action=audit.search").await.body;
    assert_eq!(rows(&searches), 4, "{searches}");
    t.stop().await;
});

on_both!(what_happened_to_a_conversation_or_an_alert_is_found_by_its_reference, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (talk, other) = (crate::inbox::talk(&t, db, "07700 900101").await, crate::inbox::talk(&t, db, "07700 900102").await);
    let mut owner = t.officer(OFFICER).await;
    for row in [&talk.row, &other.row] {
        owner.get(&format!("/inbox/{}", row.public_id)).await;
    }
    let message = ("message", Some(talk.messages[0].id));
    let actor = huecry::audit::Actor::Officer(t.owner.id);
    huecry::audit::note(&mut db.write().await, &db.ids, t.app.now(), &actor, "message.original", message, serde_json::json!({})).await.unwrap();
    huecry::inbox::close::close(&t.app, talk.row.id, Some(huecry::domain::closing::Outcome::NoAction), "", &actor).await.unwrap();
    huecry::outbound::outcome::close(&t.app, &talk.alert, "A drill", t.owner.id).await.unwrap();
    let mut admin = t.officer(ADMIN).await;
    let rows = |body: &str| body.matches("<th scope=\"row\">").count();
    // As it is pasted from the browser's address line.
    let found = admin.get(&format!("/admin/audit?about=https%3A%2F%2Fa.example%2Finbox%2F{}", talk.row.public_id)).await.body;
    assert_eq!(rows(&found), 3, "{found}");
    for told in ["Opened a conversation", "Took an original out", "Closed a conversation", "outcome: No action needed", "PC owner"] {
        assert!(found.contains(told), "{told}: {found}");
    }
    // An administrator who reads no replies is led to who looked; the number of a row stands only where all is as recorded.
    assert!(found.contains(&format!("href=\"/inbox/{}/views\"", talk.row.public_id)), "{found}");
    let alert = admin.get(&format!("/admin/audit?about={}", talk.alert.reference.to_lowercase())).await.body;
    assert_eq!(rows(&alert), 1, "{alert}");
    assert!(alert.contains("Closed an alert") && alert.contains(&format!("href=\"/alerts/{}\"", talk.alert.reference)), "{alert}");
    let chosen = admin.get("/admin/audit?done=conversation.close").await.body;
    assert_eq!(rows(&chosen), 1, "{chosen}");
    t.stop().await;
});

/// Everything in quotation marks of the product that is written like an action of one of these rooms.
#[test]
fn every_action_of_the_audit_log_has_words() {
    use huecry::audit::words::ACTIONS;
    let named: Vec<&str> = ACTIONS.iter().flat_map(|(_, actions)| actions.iter()).map(|(word, _)| *word).collect();
    let rooms: std::collections::BTreeSet<&str> = named.iter().filter_map(|word| word.split_once('.')).map(|(room, _)| room).collect();
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    let mut missing = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                // From the note on, as far as a call goes.
                for call in text.split("audit::note(").skip(1) {
                    let call = call.split(".await").next().unwrap();
                    let words = call.split('"').skip(1).step_by(2).filter(|word| word.split_once('.').is_some_and(|(room, _)| rooms.contains(room)));
                    missing.extend(words.filter(|word| !named.contains(word)).map(str::to_owned));
                }
            }
        }
    }
    assert!(missing.is_empty(), "src/audit/words.rs has no words for {missing:?}");
}

on_both!(channels_show_their_health_and_what_moves, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &["+447700900150"], &[]).await;
    let mut admin = t.officer(ADMIN).await;
    let quiet = admin.get("/admin/channels").await.body;
    assert!(quiet.matches("Not this week").count() == 4 && quiet.contains("Working") && quiet.contains("07700 900001"), "{quiet}");
    t.publish(&mut t.officer(OFFICER).await, "Van", "Did you see a van?").await;
    let from = t.wait_for_texts("+447700900150", 1).await.remove(0).0;
    t.text("+447700900150", &from, "Yes, by the church").await;
    crate::support::app::eventually("sent and received to be seen", async || {
        let mut admin = t.officer(ADMIN).await;
        (admin.get("/admin/channels").await.body.matches("Not this week").count() == 2).then_some(())
    })
    .await;
    t.stop().await;
});
