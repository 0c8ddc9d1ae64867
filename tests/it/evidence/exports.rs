//! An export is whole, says so to `sha256sum` and to us, and shows whatever is done to it.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};

use huecry::inbox::evidence::check::{Checked, check};
use sha2::{Digest, Sha256};

use super::{Case, picture};
use crate::program::process;
use crate::support::db::TestDb;

fn unpacked(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    (0..zip.len())
        .map(|index| {
            let mut entry = zip.by_index(index).unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            (entry.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

/// The same files as a ZIP, as somebody else would make it.
fn packed(files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn checked(folder: &Path, bytes: &[u8], digest: Option<&str>) -> Checked {
    let path: PathBuf = folder.join(format!("{}.zip", huecry::domain::ids::public_id()));
    std::fs::write(&path, bytes).unwrap();
    let digest = digest.map(|text| hex::decode(text).unwrap().try_into().unwrap());
    let found = check(&path, digest).unwrap();
    std::fs::remove_file(path).unwrap();
    found
}

async fn case(db: &TestDb) -> Case {
    let photo = picture(64, 48);
    Case::of(
        db,
        "I saw Dave Smith by the church. 😀 Dŵr.",
        &[("van on drive.png", "image/png", &photo), ("../..\u{202e}gpj.exe", "application/x-dosexec", b"MZ")],
    )
    .await
}

on_both!(an_export_holds_everything_and_verifies_off_line, async |db| {
    let mut case = case(db).await;
    case.officer.submit(&case.path("exhibit/MESSAGE/0"), &[("reference", "")]).await;
    case.officer.submit(&case.path("redact/MESSAGE"), &[("phrases", "Dave Smith")]).await;
    let (digest, bytes) = case.export(db).await;
    assert_eq!(hex::encode(Sha256::digest(&bytes)), digest);
    let files = unpacked(&bytes);
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "MANIFEST.sha256",
            "README.txt",
            "attachments/0001-1-van_on_drive.png",
            "attachments/0001-2-gpj.exe",
            "audit.jsonl",
            "conversation.json",
            "conversation.pdf",
            "originals/0001-body.eml",
            "originals/0001-headers.txt",
            "working-copies/01-message-redacted.txt"
        ]
    );
    assert_eq!(files["attachments/0001-1-van_on_drive.png"], picture(64, 48), "as it was sent, byte for byte");
    assert_eq!(String::from_utf8_lossy(&files["working-copies/01-message-redacted.txt"]), "I saw █████ by the church. 😀 Dŵr.");
    assert!(String::from_utf8_lossy(&files["originals/0001-body.eml"]).contains("From:"));
    let record: serde_json::Value = serde_json::from_slice(&files["conversation.json"]).unwrap();
    assert_eq!(record["schema"], "huecry-conversation-1");
    assert_eq!(record["messages"][0]["attachments"][0]["exhibit"], "OE/1");
    assert!(record["messages"][0]["text"].as_str().unwrap().contains("Dave Smith"));
    assert_eq!(record["messages"][0]["original"]["sha256"], hex::encode(Sha256::digest(&files["originals/0001-body.eml"])));
    let trail = String::from_utf8_lossy(&files["audit.jsonl"]).into_owned();
    for action in ["conversation.view", "exhibit.name", "copy.make", "conversation.export_asked"] {
        assert!(trail.contains(action), "{action} is not in {trail}");
    }
    assert!(!trail.lines().any(|line| line.contains("\"sealed_seq\":null")), "every entry bears its seal: {trail}");

    let found = checked(db.folder(), &bytes, Some(&digest));
    assert!(found.ok && found.files == 9 && found.held_to_digest, "{found:?}");
    assert!(checked(db.folder(), &bytes, None).ok);
    // And without us.
    let folder = db.folder().join("unpacked");
    for (name, bytes) in &files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let sums = std::process::Command::new("sha256sum").args(["--strict", "-c", "MANIFEST.sha256"]).current_dir(&folder).output().unwrap();
    assert!(sums.status.success(), "{}", String::from_utf8_lossy(&sums.stderr));

    // What the audit log keeps is the digest; the page shows it; the exhibit is sealed.
    let page = case.officer.get(&case.path("evidence")).await.body;
    assert!(page.contains(&digest) && page.contains("went out with an export"), "{page}");
    let mut conn = db.read().await;
    let id = huecry::store::conversations::find(&mut conn, &case.conversation).await.unwrap().unwrap().id;
    let rows = huecry::store::audit_log::list_of(&mut conn, "conversation", id).await.unwrap();
    let noted = rows.iter().find(|row| row.action == "conversation.export").unwrap();
    assert_eq!((noted.detail["sha256"].as_str(), noted.detail["files"].as_i64()), (Some(digest.as_str()), Some(9)));
    drop(conn);

    let zip = db.folder().join("out.zip");
    std::fs::write(&zip, &bytes).unwrap();
    let told = process::run(db.folder(), &["evidence", "verify", "out.zip", "--digest", &digest]).await;
    assert!(told.code == Some(0) && told.out.contains("9 files, none changed"), "{told:?}");
    let told = process::run(db.folder(), &["evidence", "verify", "out.zip", "--digest", &"0".repeat(64), "--json"]).await;
    assert!(told.code == Some(1) && told.out.contains("\"ok\":false"), "{told:?}");
    case.t.stop().await;
});

#[tokio::test(flavor = "multi_thread")]
async fn each_of_a_thousand_single_byte_changes_is_detected() {
    let db = TestDb::sqlite().await;
    let mut case = case(&db).await;
    let (digest, bytes) = case.export(&db).await;
    let unheld = |bytes: &[u8]| checked(db.folder(), bytes, None).ok;
    let (mut by_digest, mut alone) = (0, 0);
    for _ in 0..1_000 {
        let mut changed = bytes.clone();
        let at = usize::try_from(rand::random::<u64>()).unwrap() % changed.len();
        changed[at] ^= rand::random_range(1..=255_u8);
        by_digest += usize::from(!checked(db.folder(), &changed, Some(&digest)).ok);
        alone += usize::from(!unheld(&changed));
    }
    assert_eq!(by_digest, 1_000);
    // Without the digest, what is not seen are bytes that hold nothing: dates and attributes of the ZIP's directory.
    assert!(alone > 900, "{alone}");
    case.t.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_added_removed_or_put_in_its_place_is_named() {
    let db = TestDb::sqlite().await;
    let mut case = case(&db).await;
    let (_, bytes) = case.export(&db).await;
    let files = unpacked(&bytes);
    let fault = |bytes: &[u8]| checked(db.folder(), bytes, None).fault.unwrap_or_default();
    assert_eq!(fault(&packed(&files)), "", "packed anew it is the same files");

    let mut added = files.clone();
    added.insert("attachments/more.png".into(), vec![1]);
    assert!(fault(&packed(&added)).contains("it was added"));
    for name in files.keys() {
        let mut removed = files.clone();
        removed.remove(name);
        assert!(!fault(&packed(&removed)).is_empty(), "{name}");
        let mut changed = files.clone();
        changed.get_mut(name).unwrap().push(b'\n');
        if name != "MANIFEST.sha256" {
            assert!(fault(&packed(&changed)).contains(&format!("{name} was changed")), "{name}");
        }
    }
    // A file and its line in the manifest together: the seal in the record still tells, and the digest tells everything.
    let mut both = files.clone();
    both.insert("attachments/0001-1-van_on_drive.png".into(), picture(1, 1));
    let line = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
    let manifest = String::from_utf8(files["MANIFEST.sha256"].clone()).unwrap();
    let manifest = manifest.replace(&line(&files["attachments/0001-1-van_on_drive.png"]), &line(&picture(1, 1)));
    both.insert("MANIFEST.sha256".into(), manifest.into_bytes());
    assert!(fault(&packed(&both)).contains("does not bear the seal"), "{}", fault(&packed(&both)));
    // Bytes that no entry names.
    let mut behind = bytes.clone();
    behind.extend_from_slice(b"more");
    let mut before = b"MZ".to_vec();
    before.extend_from_slice(&bytes);
    for odd in [behind, before, Vec::new(), b"no zip".to_vec(), bytes[..bytes.len() / 2].to_vec()] {
        assert!(!fault(&odd).is_empty(), "{} bytes", odd.len());
    }
    case.t.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_conversation_is_a_pdf_for_the_archive() {
    let db = TestDb::sqlite().await;
    let long = format!("{}\n{}", "Dŵr, môr, ß, Ж. ".repeat(400), "x".repeat(3_000));
    let mut case = Case::of(&db, &long, &[]).await;
    let (_, bytes) = case.export(&db).await;
    let pdf = unpacked(&bytes).remove("conversation.pdf").unwrap();
    let text = String::from_utf8_lossy(&pdf);
    assert!(text.starts_with("%PDF-1.") && text.trim_end().ends_with("%%EOF"));
    for wanted in ["<pdfaid:part>2</pdfaid:part>", "<pdfaid:conformance>B</pdfaid:conformance>", "/OutputIntent", "/FontFile", "/GTS_PDFA1", "DejaVuSans"] {
        assert!(text.contains(wanted), "{wanted} is not in the PDF");
    }
    for unwanted in ["/Encrypt", "/JavaScript", "/JS ", "/Launch", "/EmbeddedFile", "/URI"] {
        assert!(!text.contains(unwanted), "{unwanted} is in the PDF");
    }
    assert!(text.matches("/MediaBox").count() > 2, "it goes on over pages");
    case.t.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_original_that_no_longer_bears_its_seal_is_not_exported_as_if_it_did() {
    let db = TestDb::sqlite().await;
    let mut case = case(&db).await;
    let hash = hex::encode(Sha256::digest(picture(64, 48)));
    let stored = case.t.app.config().files.dir.join(&hash[..2]).join(&hash);
    std::fs::write(&stored, picture(64, 47)).unwrap();
    case.officer.submit(&case.path("export"), &[]).await;
    crate::support::app::eventually("the export to fail", async || {
        let mut conn = db.read().await;
        let id = huecry::store::conversations::find(&mut conn, &case.conversation).await.unwrap().unwrap().id;
        let row = huecry::store::exports::list_of(&mut conn, id).await.unwrap().remove(0);
        (row.status == "failed" && row.reason.is_some_and(|reason| reason.contains("van_on_drive.png no longer matches the seal"))).then_some(())
    })
    .await;
    assert!(case.officer.get(&case.path("evidence")).await.body.contains("no longer matches the seal"));
    case.t.stop().await;
}
