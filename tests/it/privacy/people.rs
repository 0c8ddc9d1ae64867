//! A person gets what is held of them, or has it erased, and nobody else is touched.

use std::io::{Cursor, Read};

use huecry::inbox::holds;
use huecry::outbound::hold::{self, Wish};
use huecry::store::conversations::{self, ConversationEventRow};
use huecry::store::{correspondents, deliveries, messages, people, residents, suppressions};

use super::{WHO, entries, reader, talk};
use crate::support::app::{POSTCODE, TestApp};
use crate::support::browser::Client;
use crate::support::db::TestDb;
use crate::support::now;
use crate::support::rows::key;

const OTHER: &str = "+447700900151";

async fn page_of(admin: &mut Client, address: &str) -> String {
    admin.get("/admin/people").await;
    let found = admin.submit("/admin/people", &[("address", address)]).await;
    assert_eq!(found.status, 303, "{}", found.body);
    found.location.unwrap()
}

on_both!(somebody_is_found_by_their_exact_address_and_the_log_does_not_have_it, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    talk(&t, db, WHO, "A van.").await;
    suppressions::suppress(&mut db.write().await, &db.new_suppression(OTHER, "sms", None)).await.unwrap();
    let mut admin = t.officer("admin@force.example").await;
    let page = page_of(&mut admin, "07700 900150").await;
    assert!(!page.contains("900150"), "no address in a URL: {page}");
    let body = admin.get(&page).await.body;
    assert!(body.contains("a number ending 0150") && body.contains("<dd>1</dd>") && !body.contains("A van."), "{body}");
    let wrong = admin.submit("/admin/people", &[("address", "0150")]).await;
    assert!(wrong.status == 422 && wrong.body.contains("id=\"address-error\""), "{}", wrong.body);
    let nobody = admin.submit("/admin/people", &[("address", OTHER)]).await.body;
    assert!(nobody.contains("but 1 objection to being sent"), "{nobody}");
    let noted = entries(db, "person.search").await;
    assert_eq!(noted.len(), 2, "what is no address is no search");
    assert!(noted.iter().all(|row| !row.detail.to_string().contains("9001")));
    t.stop().await;
});

on_both!(a_person_gets_what_is_held_of_them_and_nothing_of_others, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let row = talk(&t, db, WHO, "<b>A van</b> by the church").await;
    talk(&t, db, OTHER, "Somebody else's words").await;
    let note = ConversationEventRow {
        id: db.id(),
        conversation_id: row.id,
        officer_id: Some(t.owner.id),
        kind: "handed_over".into(),
        detail: "Looks unreliable".into(),
        created_at: row.created_at,
    };
    conversations::append_event(&mut db.write().await, &note).await.unwrap();
    let mut admin = t.officer("admin@force.example").await;
    let page = page_of(&mut admin, WHO).await;
    assert!(admin.get(&page).await.body.contains("by an administrator who may read replies"));
    assert_eq!(admin.submit(&format!("{page}/export"), &[("notes", "1")]).await.status, 403, "it holds what they wrote");
    let mut admin = reader(&t, db).await;
    for (notes, told) in [("0", false), ("1", true)] {
        admin.get(&page).await;
        let body = form_urlencoded::Serializer::new(String::new()).append_pair("csrf", admin.csrf()).append_pair("notes", notes).finish();
        let request = t.http().post(format!("{}{page}/export", t.url)).header("cookie", admin.cookie_header()).body(body);
        let answer = request.header("content-type", "application/x-www-form-urlencoded").header("sec-fetch-site", "same-origin").send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        let mut zip = zip::ZipArchive::new(Cursor::new(answer.bytes().await.unwrap().to_vec())).unwrap();
        let mut text = |name: &str| {
            let mut text = String::new();
            zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
            text
        };
        let (json, html) = (text("what-we-hold.json"), text("what-we-hold.html"));
        for part in [&json, &html] {
            assert!(part.contains("by the church") && !part.contains("Somebody else") && !part.contains("PC owner"), "{part}");
            assert_eq!(part.contains("Looks unreliable"), told, "{part}");
            assert_eq!(part.contains("What officers wrote for each other"), !told, "the reason stands where they are left out: {part}");
        }
        assert!(!html.contains("<b>A van"), "what they wrote is text: {html}");
    }
    assert_eq!(entries(db, "person.export").await.len(), 2);
    let given: Vec<_> = entries(db, "conversation.given").await.iter().map(|entry| entry.subject_id).collect();
    assert_eq!(given, [Some(row.id); 2], "it is a look at each conversation");
    t.stop().await;
});

on_both!(erasing_takes_the_person_out_and_leaves_what_must_stay, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let registered = db.add_resident(WHO, &[]).await;
    let (row, other) = (talk(&t, db, WHO, "A van by the church").await, talk(&t, db, OTHER, "Somebody else's words").await);
    let alert = db.add_alert(t.owner.id, &[]).await;
    let sent = db.add_delivery(&alert, WHO).await;
    suppressions::suppress(&mut db.write().await, &db.new_suppression(WHO, "email", None)).await.unwrap();
    let mut admin = t.officer("admin@force.example").await;
    let page = page_of(&mut admin, WHO).await;
    let asked = admin.get(&format!("{page}/erase")).await.body;
    assert!(asked.contains("Type ERASE to erase") && asked.contains("1 conversation<") && asked.contains("1 objection "), "{asked}");
    let refused = admin.submit(&format!("{page}/erase"), &[("word", "erase")]).await;
    assert!(refused.status == 422 && residents::find(&mut db.read().await, registered.resident.id).await.unwrap().is_some());
    assert_eq!(admin.submit(&format!("{page}/erase"), &[("word", "ERASE")]).await.status, 303);

    let mut conn = db.read().await;
    assert!(residents::find(&mut conn, registered.resident.id).await.unwrap().is_none());
    let said = messages::list_of(&mut conn, row.id).await.unwrap();
    assert!(said.len() == 1 && said[0].text.starts_with("Erased on "), "it is counted and says nothing: {}", said[0].text);
    let was = correspondents::get(&mut conn, row.correspondent_id).await.unwrap();
    assert_eq!((was.address.as_str(), was.name), (people::ERASED, None));
    assert!(correspondents::find_by_match_key(&mut conn, &key(WHO)).await.unwrap().is_none(), "who writes next is somebody new");
    let sent = deliveries::find(&mut conn, sent.id).await.unwrap().unwrap();
    assert!(sent.status == "cancelled" && !sent.address.contains("900150"), "{}", sent.address);
    assert!(suppressions::find_standing(&mut conn, &key(WHO), "email").await.unwrap().is_some(), "that nothing is to be sent stays");
    assert_eq!(messages::list_of(&mut conn, other.id).await.unwrap()[0].text, "Somebody else's words");
    drop(conn);
    let noted = entries(db, "person.erase").await;
    assert_eq!((noted.len(), noted[0].detail["messages"].as_i64(), noted[0].detail["kept"].as_i64()), (1, Some(1), Some(0)));
    assert_eq!(admin.get(&page).await.status, 404, "nobody is there any more");
    let mut owner = t.officer("owner@force.example").await;
    let shown = owner.get(&format!("/inbox/{}", row.public_id)).await.body;
    assert!(shown.contains("Erased on ") && !shown.contains("church") && !shown.contains("0150"), "{shown}");
    t.stop().await;
});

on_both!(who_was_erased_does_not_come_back_with_an_alert_that_was_taken_back, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    db.add_resident(WHO, &[]).await;
    talk(&t, db, WHO, "A van by the church").await;
    let alert = db.add_alert(t.owner.id, &[]).await;
    let (sent, other) = (db.add_delivery(&alert, WHO).await, db.add_delivery(&alert, OTHER).await);
    let officer = huecry::audit::Actor::Officer(t.owner.id);
    hold::act(&t.app, alert.id, Wish::TakeBack, &officer).await.unwrap();
    let status = async |id: i64| deliveries::find(&mut db.read().await, id).await.unwrap().unwrap().status;
    assert_eq!((status(sent.id).await, status(other.id).await), ("cancelled".to_owned(), "cancelled".to_owned()));
    let mut admin = t.officer("admin@force.example").await;
    let page = page_of(&mut admin, WHO).await;
    admin.get(&format!("{page}/erase")).await;
    assert_eq!(admin.submit(&format!("{page}/erase"), &[("word", "ERASE")]).await.status, 303);
    hold::act(&t.app, alert.id, Wish::Resume, &officer).await.unwrap();
    while hold::run_once(&t.app).await.unwrap() {}
    assert_eq!((status(sent.id).await, status(other.id).await), ("cancelled".to_owned(), "queued".to_owned()));
    t.stop().await;
});

on_both!(whoever_was_erased_waits_for_nothing_and_says_why_nobody_can_answer, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let row = crate::inbox::talk(&t, db, WHO).await.row;
    let actor = huecry::audit::Actor::Officer(t.owner.id);
    huecry::inbox::mark::mark(&t.app, row.id, huecry::domain::place::Urgency::Life, "A knife", &actor).await.unwrap();
    let mut admin = t.officer("admin@force.example").await;
    let page = page_of(&mut admin, WHO).await;
    admin.get(&format!("{page}/erase")).await;
    assert_eq!(admin.submit(&format!("{page}/erase"), &[("word", "ERASE")]).await.status, 303);
    let after = conversations::get(&mut db.read().await, row.id).await.unwrap();
    assert_eq!((after.status.as_str(), after.outcome.as_deref(), after.urgency.as_str(), after.unread), ("closed", Some("erased"), "none", false));
    assert!(after.due_at.is_none() && after.waiting_since.is_none(), "no clock runs for nobody");
    let mut owner = t.officer("owner@force.example").await;
    for view in ["mine", "team", "waiting", "all"] {
        assert!(!owner.get(&format!("/inbox/rows?view={view}")).await.body.contains(&row.public_id), "{view}");
    }
    let rows = owner.get("/inbox/rows?view=closed").await.body;
    assert!(rows.contains(&row.public_id) && rows.contains("somebody who was erased"), "{rows}");
    let shown = owner.get(&format!("/inbox/{}", row.public_id)).await.body;
    assert!(shown.contains("class=\"erased\"") && shown.contains("They asked to be erased: there is no address left"), "{shown}");
    for gone in ["Sent by", "From somebody", "Show the address in full", "an unknown sender", "Mark unread", "I have it", "cannot be answered"] {
        assert!(!shown.contains(gone), "{gone}: {shown}");
    }
    // An old page's button opens nothing.
    owner.submit(&format!("/inbox/{}/reopen", row.public_id), &[]).await;
    assert_eq!(conversations::get(&mut db.read().await, row.id).await.unwrap().status, "closed");
    t.stop().await;
});

on_both!(erasure_leaves_no_words_beside_the_messages, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let row = talk(&t, db, WHO, "Zebedee Quux threatened me").await;
    let actor = huecry::audit::Actor::Officer(t.owner.id);
    huecry::inbox::mark::mark(&t.app, row.id, huecry::domain::place::Urgency::Raised, "Zebedee Quux threatened them", &actor).await.unwrap();
    huecry::inbox::handover::record(&t.app, row.id, "Crime", "Quux/1", &actor).await.unwrap();
    huecry::inbox::claim::write_note(&t.app, row.id, &t.owner, "Quux wrote again").await.unwrap();
    let parked = db.new_envelope(WHO, b"Zebedee Quux, unreadable");
    huecry::store::envelopes::insert_new(&mut db.write().await, vec![parked.clone()]).await.unwrap();
    huecry::store::envelopes::park(&mut db.write().await, parked.id, "no text", row.created_at).await.unwrap();
    let mut admin = t.officer("admin@force.example").await;
    let page = page_of(&mut admin, WHO).await;
    admin.get(&format!("{page}/erase")).await;
    assert_eq!(admin.submit(&format!("{page}/erase"), &[("word", "ERASE")]).await.status, 303);
    let mut owner = t.officer("owner@force.example").await;
    let shown = owner.get(&format!("/inbox/{}", row.public_id)).await.body;
    assert!(!shown.contains("Quux"), "{shown}");
    let mut conn = db.read().await;
    let history = conversations::list_events(&mut conn, row.id).await.unwrap();
    assert!(!history.is_empty() && history.iter().all(|event| !event.detail.contains("Quux")), "{history:?}");
    assert!(huecry::store::envelopes::find(&mut conn, parked.id).await.unwrap().is_none(), "nor in what could not be understood");
    drop(conn);
    t.stop().await;
});

on_both!(what_is_held_is_not_erased_with_the_rest, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (held, free) = (talk(&t, db, WHO, "Held words").await, talk(&t, db, WHO, "Free words").await);
    assert_eq!(holds::set(&t.app, t.owner.id, &held, "proceedings", "26*123456").await.unwrap(), Ok(()));
    let mut admin = t.officer("admin@force.example").await;
    let page = page_of(&mut admin, WHO).await;
    admin.get(&format!("{page}/erase")).await;
    assert_eq!(admin.submit(&format!("{page}/erase"), &[("word", "ERASE")]).await.status, 303);
    let mut conn = db.read().await;
    assert_eq!(messages::list_of(&mut conn, held.id).await.unwrap()[0].text, "Held words");
    assert!(messages::list_of(&mut conn, free.id).await.unwrap()[0].text.starts_with("Erased on "));
    assert_eq!(correspondents::get(&mut conn, held.correspondent_id).await.unwrap().address, WHO, "evidence names whom it is of");
    drop(conn);
    assert_eq!(entries(db, "person.erase").await[0].detail["kept"], 1);
    t.stop().await;
});

/// The number had one owner, who registered and wrote; then it changed hands, and somebody else writes.
struct Handed {
    registered: i64,
    before: conversations::ConversationRow,
    since: conversations::ConversationRow,
}

async fn handed_on(t: &TestApp, db: &TestDb) -> Handed {
    let registered = t.add_resident(db, "Luke Holmes", &[WHO], &[]).await;
    let before = talk(t, db, WHO, "Words of before").await;
    let (doubt, later) = (now().plus_ms(3_600_000), now().plus_ms(7_200_000));
    let mut conn = db.write().await;
    correspondents::doubt_owner(&mut conn, &key(WHO), doubt).await.unwrap();
    correspondents::succeed(&mut conn, before.correspondent_id, doubt).await.unwrap();
    let next = correspondents::CorrespondentRow { created_at: later, ..db.new_correspondent(WHO) };
    correspondents::insert_or_find(&mut conn, next).await.unwrap();
    drop(conn);
    let since = talk(t, db, WHO, "Words of a stranger").await;
    assert_ne!(since.correspondent_id, before.correspondent_id);
    Handed { registered, before, since }
}

async fn given(t: &TestApp, admin: &mut Client, page: &str) -> String {
    admin.get(page).await;
    let body = form_urlencoded::Serializer::new(String::new()).append_pair("csrf", admin.csrf()).finish();
    let request = t.http().post(format!("{}{page}/export", t.url)).header("cookie", admin.cookie_header()).body(body);
    let answer = request.header("content-type", "application/x-www-form-urlencoded").header("sec-fetch-site", "same-origin").send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let mut zip = zip::ZipArchive::new(Cursor::new(answer.bytes().await.unwrap().to_vec())).unwrap();
    let mut text = String::new();
    zip.by_name("what-we-hold.json").unwrap().read_to_string(&mut text).unwrap();
    text
}

on_both!(two_owners_of_a_number_are_two_people_to_whoever_asks, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let handed = handed_on(&t, db).await;
    let mut admin = reader(&t, db).await;
    admin.get("/admin/people").await;
    let found = admin.submit("/admin/people", &[("address", WHO)]).await.body;
    let pages: Vec<String> =
        found.split("href=\"").filter_map(|rest| rest.split('"').next()).filter(|href| href.starts_with("/admin/people/")).map(str::to_owned).collect();
    assert_eq!(pages.len(), 2, "the administrator chooses: {found}");
    let old = given(&t, &mut admin, &pages[0]).await;
    assert!(old.contains("Luke Holmes") && !old.contains("stranger"), "{old}");
    let new = given(&t, &mut admin, &pages[1]).await;
    assert!(new.contains("Words of a stranger") && !new.contains("Luke Holmes") && !new.contains("Words of before") && !new.contains(POSTCODE), "{new}");

    // To erase one takes nothing from the other.
    admin.get(&format!("{}/erase", pages[1])).await;
    assert_eq!(admin.submit(&format!("{}/erase", pages[1]), &[("word", "ERASE")]).await.status, 303);
    let mut conn = db.read().await;
    assert!(residents::find(&mut conn, handed.registered).await.unwrap().is_some(), "the registration is the other's");
    assert_eq!(messages::list_of(&mut conn, handed.before.id).await.unwrap()[0].text, "Words of before");
    assert!(messages::list_of(&mut conn, handed.since.id).await.unwrap()[0].text.starts_with("Erased on "));
    t.stop().await;
});

on_both!(what_was_sent_in_a_held_conversation_of_an_earlier_owner_stays_whole, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let handed = handed_on(&t, db).await;
    assert_eq!(holds::set(&t.app, t.owner.id, &handed.before, "proceedings", "26*123456").await.unwrap(), Ok(()));
    let alert = db.add_alert(t.owner.id, &[]).await;
    let answer = deliveries::DeliveryRow { conversation_id: Some(handed.before.id), created_at: now().plus_ms(7_300_000), ..db.new_delivery(&alert, WHO) };
    deliveries::insert(&mut db.write().await, vec![answer.clone()]).await.unwrap();
    let page = format!("/admin/people/{}", correspondents::find_by_match_key(&mut db.read().await, &key(WHO)).await.unwrap().unwrap().public_id);
    let mut admin = t.officer("admin@force.example").await;
    admin.get(&format!("{page}/erase")).await;
    assert_eq!(admin.submit(&format!("{page}/erase"), &[("word", "ERASE")]).await.status, 303);
    let kept = deliveries::find(&mut db.read().await, answer.id).await.unwrap().unwrap();
    assert_eq!(kept.address, WHO, "evidence is not blanked through another's erasure");
    t.stop().await;
});

on_both!(a_stranger_is_not_greeted_by_the_former_owners_name, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let handed = handed_on(&t, db).await;
    let mut owner = t.officer("owner@force.example").await;
    owner.get("/inbox/canned").await;
    let kept = owner.submit("/inbox/canned", &[("whose", "own"), ("name", "Thanks"), ("body", "Dear {name}, thank you.")]).await;
    assert_eq!(kept.status, 303, "{}", kept.body);
    let before = owner.get(&format!("/inbox/{}/canned", handed.before.public_id)).await.body;
    assert!(before.contains("Dear Luke Holmes"), "{before}");
    let since = owner.get(&format!("/inbox/{}/canned", handed.since.public_id)).await.body;
    assert!(since.contains("thank you") && !since.contains("Luke"), "{since}");
    t.stop().await;
});

on_both!(who_has_left_is_removed_and_what_is_left_of_them_is_found_and_erased, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let id = t.add_resident(db, "Luke Holmes", &[WHO], &[]).await;
    let alert = db.add_alert(t.owner.id, &[]).await;
    let sent = db.add_delivery(&alert, WHO).await;
    huecry::residents::leave::leave(&t.app, id).await.unwrap();
    let row = residents::find(&mut db.read().await, id).await.unwrap().unwrap();
    assert_eq!((row.name.as_str(), row.postcode.as_str()), ("", ""), "as the page promised them");
    let mut admin = t.officer("admin@force.example").await;
    let page = page_of(&mut admin, WHO).await;
    admin.get(&format!("{page}/erase")).await;
    assert_eq!(admin.submit(&format!("{page}/erase"), &[("word", "ERASE")]).await.status, 303);
    let sent = deliveries::find(&mut db.read().await, sent.id).await.unwrap().unwrap();
    assert!(!sent.address.contains("900150"), "{}", sent.address);

    // Somebody of whom there is nothing but what was sent.
    let only = db.add_delivery(&alert, OTHER).await;
    let page = page_of(&mut admin, OTHER).await;
    assert!(!page.contains("900151"), "{page}");
    admin.get(&format!("{page}/erase")).await;
    assert_eq!(admin.submit(&format!("{page}/erase"), &[("word", "ERASE")]).await.status, 303);
    let only = deliveries::find(&mut db.read().await, only.id).await.unwrap().unwrap();
    assert!(!only.address.contains("900151"), "{}", only.address);
    t.stop().await;
});
