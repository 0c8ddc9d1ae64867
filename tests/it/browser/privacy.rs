//! The pages that guard the people in the records: sound in every look, and worked through by hand once.

use crate::privacy::{WHO, appoint, talk};
use crate::support::app::{PASSWORD, TestApp};
use crate::support::chromium::Chromium;
use crate::support::db::TestDb;

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_sees_an_address_and_holds_a_conversation_and_a_supervisor_sees_who_looked() {
    let db = TestDb::sqlite().await;
    let t = TestApp::start_with(&db, "[inbox]\ninformant_after = 2\n", false).await;
    appoint(&t, &db, "sup@force.example", "supervisor", t.owner.team_id).await;
    talk(&t, &db, WHO, "A white van by the church").await;
    let row = talk(&t, &db, WHO, "It was there again at nine").await;
    let desk = Chromium::start(&db, &t.url).await;
    desk.sign_in("sup@force.example", PASSWORD).await;
    desk.open("/inbox/informants").await;
    desk.sees("tbody", "a number ending 0150").await;
    desk.picture("informants").await;
    desk.page_is_sound("people who reply often").await;
    desk.open(&format!("/inbox/{}", row.public_id)).await;
    desk.sees(".context-pane", "Has replied to 2 alerts").await;
    desk.click("details[data-key=unmask] summary").await;
    desk.click("details[data-key=hold] summary").await;
    desk.picture("unmask").await;
    desk.page_is_sound("asking for an address").await;
    desk.click("details[data-key=unmask] button").await;
    desk.sees(".error-summary", "Choose why you need the address").await;
    desk.was_refused_with(422).await;
    desk.page_is_sound("asking for an address without a reason").await;
    desk.click("#unmask-reason option[value=contact]").await;
    desk.click("details[data-key=unmask] button").await;
    desk.sees(".privacy .shown", "07700 900150").await;
    desk.click("details[data-key=hold] summary").await;
    desk.click("#hold-reason option[value=investigation]").await;
    desk.fill("#hold-reference", "26*123456").await;
    desk.click("details[data-key=hold] button").await;
    desk.sees(".privacy .caution", "26*123456").await;
    desk.picture("held").await;
    desk.page_is_sound("an address in full, and a hold").await;
    desk.click(".privacy a[href$='/views']").await;
    desk.sees("tbody", "Saw the address in full").await;
    desk.picture("looks").await;
    desk.page_is_sound("who looked").await;
    desk.close().await;

    let admin = Chromium::start(&db, &t.url).await;
    admin.sign_in("admin@force.example", PASSWORD).await;
    admin.open("/admin/retention").await;
    admin.sees("h1", "Keeping").await;
    admin.picture("retention").await;
    admin.page_is_sound("keeping and disposal").await;
    admin.open("/admin/people").await;
    admin.page_is_sound("people").await;
    admin.fill("#address", "nobody").await;
    admin.click(".account-form button").await;
    admin.find(".error-summary").await;
    admin.was_refused_with(422).await;
    admin.page_is_sound("people with an error").await;
    admin.fill("#address", "07700 900150").await;
    admin.click(".account-form button").await;
    admin.sees("h1", "a number ending 0150").await;
    admin.picture("person").await;
    admin.page_is_sound("what is held of a person").await;
    admin.click("#erase ~ p a").await;
    admin.sees("h1", "Erase").await;
    admin.picture("erase").await;
    admin.page_is_sound("erasing a person").await;
    admin.fill("#word", "ERASE").await;
    admin.click(".account-form button").await;
    admin.sees(".notice", "Conversations erased: 1; kept, since they are held or evidence: 1").await;
    admin.close().await;
    t.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_erased_closed_or_is_not_there_is_said_plainly() {
    let db = TestDb::sqlite().await;
    let t = TestApp::start_with(&db, "", false).await;
    let talk = crate::inbox::talk(&t, &db, "07700 900150").await;
    let person = huecry::store::correspondents::get(&mut db.read().await, talk.row.correspondent_id).await.unwrap();
    huecry::privacy::erasure::erase(&t.app, t.owner.id, &person.public_id).await.unwrap().unwrap();
    let desk = Chromium::start(&db, &t.url).await;
    desk.sign_in("owner@force.example", PASSWORD).await;
    desk.open(&format!("/inbox/{}?view=closed", talk.row.public_id)).await;
    desk.sees(".erased", "Erased on").await;
    desk.picture("erased").await;
    desk.page_is_sound("an erased conversation").await;
    desk.open(&format!("/alerts/{}", talk.alert.reference)).await;
    desk.click("details.act > summary").await;
    desk.picture("close-alert").await;
    desk.page_is_sound("closing an alert").await;
    desk.fill("#close-reason", "It was a drill").await;
    desk.click(".act-panel .button").await;
    desk.sees(".notice", "Closed").await;
    desk.page_is_sound("a closed alert").await;
    desk.click("form[action$='/reopen'] button").await;
    desk.sees(".notice", "Open again").await;
    desk.open("/no/such/page").await;
    desk.sees("h1", "Page not found").await;
    desk.was_refused_with(404).await;
    desk.picture("not-found").await;
    desk.page_is_sound("a page that is not there, for an officer").await;
    desk.click(".gone a").await;
    desk.sees("h1", "My inbox").await;
    desk.close().await;
    t.stop().await;
}
