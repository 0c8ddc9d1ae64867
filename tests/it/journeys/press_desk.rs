//! The media team watches how the county answers, and never sees who.

use crate::support::app::{TestApp, eventually};

on_both!(the_press_sees_volumes_and_nothing_of_the_people, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Annabel Archer", &["+447700900101"], &[]).await;
    t.add_resident(db, "Bob", &["bob@example.org"], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    t.publish(&mut officer, "White van", "Did you see a white van?").await;
    let from = t.wait_for_texts("+447700900101", 1).await[0].0.clone();
    let mail = t.wait_for_mails("bob@example.org", 1).await.remove(0);
    t.text("+447700900101", &from, "secretsighting one").await;
    t.text("+447700900101", &from, "secretsighting two").await;
    t.mail("bob@example.org", serde_json::json!({ "mail_id": mail["id"], "text": "secretsighting three" })).await;
    let mut press = t.officer("press@force.example").await;
    let csv = eventually("three replies and a delivery", async || {
        // A client of its own: asking must not need the one below.
        let answer = t.http().get(format!("{}/press/volume.csv", t.url)).header("cookie", press.cookie_header()).send().await.unwrap().text().await.unwrap();
        let last = answer.lines().last().unwrap().split(',').skip(1).map(str::to_owned).collect::<Vec<_>>();
        (last[0] == "2" && last[1] == "1" && last[2] == "1").then_some(answer)
    })
    .await;
    let page = press.get("/press?hours=24").await;
    assert!(page.body.contains("<svg class=\"chart\"") && page.body.contains("<table"), "{}", page.body);
    for text in [&csv, &page.body, &press.get("/press/figures").await.body, &press.get("/alerts?scope=all").await.body] {
        for private in ["secretsighting", "Annabel", "900101", "0101", "bob@", "b…@"] {
            assert!(!text.contains(private), "{private} is on the press desk");
        }
    }
    t.stop().await;
});
