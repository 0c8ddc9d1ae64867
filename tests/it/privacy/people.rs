//! A person gets what is held of them, or has it erased, and nobody else is touched.

use std::io::{Cursor, Read};

use huecry::inbox::holds;
use huecry::store::conversations::{self, ConversationEventRow};
use huecry::store::{correspondents, deliveries, messages, people, residents, suppressions};

use super::{WHO, entries, talk};
use crate::support::app::TestApp;
use crate::support::browser::Client;
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
