//! Which alert last used a pair of our number and their address.

use huecry::store::pair_holds::{self, PairHoldRow};

use crate::support::now;
use crate::support::rows::key;

on_both!(a_pair_keeps_its_last_use, async |db| {
    let hold =
        |number: &str, who: &str, alert_id: i64, ms: i64| PairHoldRow { our_number: number.into(), match_key: key(who), alert_id, used_at: now().plus_ms(ms) };
    let (one, two) = ("+447700900901", "+447700900902");
    let mut conn = db.write().await;
    pair_holds::upsert(&mut conn, vec![hold(one, "07700 900001", 1, 0), hold(two, "07700 900001", 2, 1), hold(one, "07700 900002", 1, 0)]).await.unwrap();
    pair_holds::upsert(&mut conn, vec![hold(one, "07700 900001", 3, 2)]).await.unwrap();
    pair_holds::upsert(&mut conn, Vec::new()).await.unwrap();
    let mut found = pair_holds::list_of(&mut conn, &[key("07700 900001"), key("07700 900009")]).await.unwrap();
    found.sort_by(|a, b| a.our_number.cmp(&b.our_number));
    let told: Vec<_> = found.iter().map(|row| (row.our_number.as_str(), row.alert_id, row.used_at)).collect();
    assert_eq!(told, [(one, 3, now().plus_ms(2)), (two, 2, now().plus_ms(1))]);
});

on_both!(more_pairs_than_one_statement_takes_are_all_kept, async |db| {
    let rows: Vec<PairHoldRow> =
        (0..2_100_u16).map(|n| PairHoldRow { our_number: "+447700900901".into(), match_key: n.to_be_bytes().to_vec(), alert_id: 1, used_at: now() }).collect();
    let keys: Vec<Vec<u8>> = rows.iter().map(|row| row.match_key.clone()).collect();
    let mut conn = db.write().await;
    conn.transaction(async |conn| pair_holds::upsert(conn, rows).await).await.unwrap();
    assert_eq!(pair_holds::list_of(&mut conn, &keys).await.unwrap().len(), 2_100);
});
