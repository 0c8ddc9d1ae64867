//! With scripts off, everything still works; it only does not move by itself.

use crate::support::app::{PASSWORD, SECTOR, TestApp};
use crate::support::chromium::Chromium;
use crate::support::db::TestDb;

const ANN: &str = "+447700900101";

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_without_scripts_publishes_answers_and_closes() {
    let db = TestDb::sqlite().await;
    let t = TestApp::start(&db).await;
    t.add_resident(&db, "Ann Archer", &[ANN], &[]).await;
    let desk = Chromium::start(&db, &t.url).await;
    desk.without_scripts().await;
    desk.sign_in("owner@force.example", PASSWORD).await;
    assert_eq!(desk.count("[data-js][hidden]").await, desk.count("[data-js]").await, "nothing is offered that needs a script");

    desk.click(".new-alert").await;
    desk.fill("#title", "White van on Mill Lane").await;
    desk.fill("#sms_text", "Did you see a white van?").await;
    desk.click(".districts summary").await;
    desk.click(&format!("input[value='{SECTOR}']")).await;
    desk.click("button[value=preview]").await;
    desk.sees("#preview .reach", "1 person").await;
    desk.sees("#preview .phone-text", "Did you see a white van?").await;
    assert_eq!(desk.value("#title").await, "White van on Mill Lane");
    desk.click("[data-publish]").await;
    desk.sees(".notice", "Published as").await;
    desk.sees("h1", "White van on Mill Lane").await;

    let number = t.wait_for_texts(ANN, 1).await[0].0.clone();
    t.text(ANN, &number, "Yes, by the church").await;
    let key = t.key(&["inbox"]).await;
    let reference = desk.path().await.rsplit('/').next().unwrap().to_owned();
    t.wait_for_conversations(&key, &reference, 1).await;
    desk.open("/inbox").await;
    desk.sees(".row", "Yes, by the church").await;
    desk.click(".row a").await;
    desk.sees(".msg.in .how", "only alert sent to this phone").await;
    desk.fill("#text", "Thank you, Ann.").await;
    desk.click(".reply button").await;
    desk.sees(".notice", "on its way").await;
    desk.sees(".msg.out", "Thank you, Ann.").await;
    assert_eq!(t.wait_for_texts(ANN, 2).await[1].1, "Thank you, Ann.");
    desk.click(".close-act summary").await;
    desk.click(".close-act button[value='answered']").await;
    desk.sees(".notice", "Closed: Answered").await;
    desk.open("/inbox?view=closed").await;
    desk.sees(".row", "Ann Archer").await;
    desk.console_is_quiet().await;
    desk.close().await;
    t.stop().await;
}
