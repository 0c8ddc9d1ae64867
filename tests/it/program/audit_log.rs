//! The audit log at the command line: its head is printed, and what was done to it afterwards is told.

use diesel_async::RunQueryDsl;
use huecry::on;
use huecry::store::Db;

use super::process::Gateway;
use crate::support::browser::Client;

on_both!(the_head_is_printed_and_a_change_or_a_cut_tail_ends_with_one, async |db| {
    let gateway = Gateway::furnish(db.folder(), &db.url);
    let password = "a password of my own";
    gateway.run(&["officer", "add", "--email", "jo@force.example", "--name", "PC Jo", "--password", password]).await;
    let mut program = gateway.start(&[]);
    gateway.ready(&mut program).await;
    for _ in 0..2 {
        let mut client = Client::new(&gateway.url);
        client.get("/sign-in").await;
        assert_eq!(client.submit("/sign-in", &[("email", "jo@force.example"), ("password", password), ("next", "")]).await.status, 303);
        client.get("/inbox").await;
        assert_eq!(client.submit("/sign-out", &[]).await.status, 303);
    }
    program.interrupt().await;

    let head = gateway.run(&["audit", "head"]).await;
    let named = head.out.trim().to_owned();
    assert!(head.code == Some(0) && head.err.contains("0 entries wait"), "what was noted last is sealed at the end: {head:?}");
    let entries: i64 = named.split(':').next().unwrap().parse().unwrap();
    assert!(entries >= 2, "{head:?}");
    let whole = gateway.run(&["audit", "verify", "--head", &named]).await;
    assert_eq!(whole.code, Some(0), "{whole:?}");
    assert!(whole.out.contains(&format!("The audit log is whole: {entries} entries")) && whole.out.contains(&named), "{whole:?}");
    let json = gateway.run(&["audit", "verify", "--json"]).await;
    let found: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((found["ok"].as_bool(), found["entries"].as_i64(), found["head"].as_str()), (Some(true), Some(entries), Some(named.as_str())));
    let wrong = gateway.run(&["audit", "verify", "--head", "12"]).await;
    assert!(wrong.code == Some(2) && wrong.err.contains("SEQ:HASH"), "{wrong:?}");

    // Whoever can write to the database takes the last entry out, and the head that tells of it.
    let store = Db::connect(&db.url).await.unwrap();
    for sql in [format!("DELETE FROM audit_log WHERE sealed_seq = {entries}"), "DELETE FROM audit_heads WHERE day <> 'genesis'".to_owned()] {
        on!(&mut store.write().await.unwrap(), c => diesel::sql_query(&sql).execute(c).await).unwrap();
        let cut = gateway.run(&["audit", "verify", "--head", &named]).await;
        assert_eq!(cut.code, Some(1), "{cut:?}");
        assert!(cut.out.starts_with("The audit log was tampered with: "), "{cut:?}");
    }
    // The last day whole, with its head: nothing in the database tells, and what is kept beside the keyring does.
    on!(&mut store.write().await.unwrap(), c => diesel::sql_query("DELETE FROM audit_log").execute(c).await).unwrap();
    let cut = gateway.run(&["audit", "verify"]).await;
    assert!(cut.code == Some(1) && cut.out.contains(&format!("names entry {entries}")), "{cut:?}");
});
