//! Exhibits, covering and taking out, exporting: in the browser, by mouse and by keyboard, and sound to axe-core.

use crate::evidence::{Case, picture};
use crate::support::app::PASSWORD;
use crate::support::chromium::Chromium;
use crate::support::db::TestDb;

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_names_covers_takes_out_and_exports() {
    let db = TestDb::sqlite().await;
    let photo = picture(400, 300);
    let case = Case::of(&db, "It was Dave Smith, in the white van by the church at nine.", &[("van.png", "image/png", &photo)]).await;
    let desk = Chromium::start(&db, &case.t.url).await;
    desk.sign_in("owner@force.example", PASSWORD).await;
    desk.open(&format!("/inbox/{}", case.conversation)).await;
    desk.sees("#evidence", "Nothing is named as an exhibit yet").await;
    desk.page_is_sound("conversation without exhibits").await;
    desk.click("#evidence .acts a").await;
    desk.sees("h1", "Exhibits and copies").await;

    desk.fill(".items .file input[name=reference]", "nonsense").await;
    desk.click(".items .file button").await;
    desk.sees(".error-summary", "such as JS/1").await;
    desk.was_refused_with(422).await;
    desk.page_is_sound("exhibits with an error").await;
    desk.fill(".items .file input[name=reference]", "js/1").await;
    desk.press("\u{e007}").await;
    desk.sees(".notice", "exhibit JS/1").await;

    desk.click(".items .file .item-acts > a").await;
    desk.sees("h1", "Cover parts of a picture").await;
    desk.draw_from_middle("[data-stage]", 80.0, 60.0).await;
    let (x, w) = (desk.value("#x-1").await, desk.value("#w-1").await);
    assert!(x.starts_with("50.") || x.starts_with("49."), "from the middle: {x}");
    assert!(w.parse::<f64>().unwrap() > 5.0, "{w}");
    desk.picture("cover").await;
    desk.page_is_sound("covering a picture").await;
    desk.click("#make").await;
    desk.sees(".notice", "The copy was made").await;

    desk.click(".items > li:not(.file) .item-acts > a").await;
    desk.sees("h1", "Take words out of a copy").await;
    desk.script("document.querySelector('.word:nth-child(3) input').focus()").await;
    desk.press(" ").await;
    desk.fill("#phrases", "smith").await;
    desk.picture("redact").await;
    desk.page_is_sound("taking words out").await;
    desk.click(".redact button.button").await;
    desk.sees(".evidence .made", "message-redacted.txt").await;

    desk.click(".evidence .acts button").await;
    // Without reloading: the page is told when it is ready.
    desk.sees(".evidence .made", "Download the export").await;
    desk.reload().await;
    desk.sees(".items .file", "went out with an export").await;
    desk.picture("evidence").await;
    desk.page_is_sound("exhibits, copies and an export").await;
    desk.open(&format!("/inbox/{}", case.conversation)).await;
    desk.sees("#evidence", "JS/1").await;
    desk.page_is_sound("conversation with exhibits").await;
    desk.close().await;
    case.t.stop().await;
}
