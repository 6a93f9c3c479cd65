//! Members from a file: all of it or nothing, as often as one likes, and others go on meanwhile.

use std::fmt::Write;

use axum::body::{Body, Bytes};
use axum::http::Method;
use futures_util::stream;
use jeton_client::Member;
use serde_json::{Value, json};

use crate::house::{Client, House, Told};
use crate::shop::{close, member, of_member, of_team, open, shop, team};

const IMPORT: &str = "/v1/teams/acme/members/import";
const TRY: &str = "/v1/teams/acme/members/import?dry_run=true";

async fn import(client: &Client, path: &str, file: impl Into<Body>) -> Told {
    client.send(Method::POST, path, &[], Some("text/csv"), file).await
}

async fn last_entry(house: &House) -> Value {
    let entries = house.vendor.get("/v1/teams/acme/entries").await.is(200);
    entries["items"].as_array().unwrap().last().unwrap()["seq"].clone()
}

fn told(rows: u64, created: u64, changed: u64, dry_run: bool) -> Value {
    let unchanged = rows - created - changed;
    json!({"rows": rows, "created": created, "changed": changed, "unchanged": unchanged, "dry_run": dry_run})
}

#[tokio::test]
async fn a_file_is_read_in_every_form_that_spreadsheets_write() {
    let plain = "member,email,name,role,products\ncarl,carl@acme.example,\"Blanc, Carl\",member,autocad revit\n\
                 bob,bob@acme.example,bob,billing,all\nalice,alice@acme.example,alice,primary_admin,\n";
    let other = "\u{feff}products;role;name;email;member\r\n autocad  revit ;member;Blanc, Carl;carl@acme.example;carl\r\n\
                 all;billing;bob;bob@acme.example;bob\r\n;primary_admin;alice;alice@acme.example;alice\r\n";
    for file in [plain, other] {
        let house = shop().await;
        let team = house.with(&of_team("acme")).await;
        let before = last_entry(&house).await;
        assert_eq!(import(&team, TRY, file).await.is(200), told(3, 1, 1, true));
        assert_eq!(last_entry(&house).await, before, "it was only tried");
        assert_eq!(import(&team, IMPORT, file).await.is(200), told(3, 1, 1, false));
        let carl: Member = serde_json::from_value(team.get("/v1/teams/acme/members/carl").await.is(200)).unwrap();
        assert_eq!((carl.email.as_str(), carl.name.as_str()), ("carl@acme.example", "Blanc, Carl"));
        let assigned = |who: &str| format!("/v1/teams/acme/members/{who}/assignment");
        assert_eq!(team.get(&assigned("carl")).await.is(200)["products"], json!(["autocad", "revit"]));
        assert_eq!(team.get(&assigned("bob")).await.is(200)["products"], "all");
        assert_eq!(team.get("/v1/teams/acme/members/bob").await.is(200)["role"], "billing");
        team.get(&assigned("alice")).await.refused(404, "unknown_assignment");

        let before = last_entry(&house).await;
        assert_eq!(import(&team, IMPORT, file).await.is(200), told(3, 0, 0, false), "again, it changes nothing");
        assert_eq!(last_entry(&house).await, before);
        // Without the column, what they are assigned to stays; empty, it goes.
        let file = "member,email,name,role\ncarl,carl@acme.example,Carl,member\nbob,bob@acme.example,bob,billing\n";
        assert_eq!(import(&team, IMPORT, file).await.is(200), told(2, 0, 1, false));
        team.get(&assigned("carl")).await.is(200);
        let file = "member,email,name,role,products\ncarl,carl@acme.example,Carl,member,\n";
        assert_eq!(import(&team, IMPORT, file).await.is(200), told(1, 0, 1, false));
        team.get(&assigned("carl")).await.refused(404, "unknown_assignment");
    }
}

#[tokio::test]
async fn with_bad_rows_nothing_is_done_and_each_is_told_by_its_line() {
    let house = shop().await;
    let before = last_entry(&house).await;
    let file = "member,email,name,role,products\ncarl,carl@acme.example,Carl,member,all\n\"a\nb\",x@y,N,member,\n\
                dora,dora,Dora,member,\neve,eve@acme.example, ,member,\nfay,fay@acme.example,Fay,boss,\n\
                gus,gus@acme.example,Gus,member,autocad autocat\nhal,hal@acme.example,Hal\n\
                carl,carl@acme.example,Carl,member,\nida,ida@acme.example,Ida,primary_admin,\n\
                jo,jo@acme.example,Jo,primary_admin,\n";
    let problem = import(&house.vendor, IMPORT, file).await.refused(400, "bad_rows");
    let rows: Vec<(u64, &str)> = problem["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["line"].as_u64().unwrap(), row["field"].as_str().unwrap()))
        .collect();
    let expected = [
        (3, "member"),
        (5, "email"),
        (6, "name"),
        (7, "role"),
        (8, "products"),
        (9, "row"),
        (10, "member"),
        (12, "role"),
    ];
    assert_eq!(rows, expected, "{problem}");
    assert_eq!(problem["count"], expected.len());
    assert_eq!(import(&house.vendor, TRY, file).await.refused(400, "bad_rows"), problem);
    assert_eq!(last_entry(&house).await, before);
    house.vendor.get("/v1/teams/acme/members/carl").await.refused(404, "unknown_member");

    let mut many = "member,email,name,role\n".to_owned();
    for number in 0..2_000 {
        writeln!(many, "m{number},nowhere,N,member").unwrap();
    }
    let problem = import(&house.vendor, IMPORT, many).await.refused(400, "bad_rows");
    assert_eq!((&problem["count"], problem["rows"].as_array().unwrap().len()), (&json!(2_000), 1_000));
}

#[tokio::test]
async fn a_file_that_is_none_is_a_bad_request() {
    let house = shop().await;
    for file in ["", "\n", "member,email,name\n", "member,email,name,role,role\n", "who,email,name,role\n"] {
        import(&house.vendor, IMPORT, file).await.unreadable("body");
    }
    import(&house.vendor, IMPORT, &[0xff_u8, 0xfe, 0x00][..]).await.unreadable("body");
    import(&house.vendor, IMPORT, vec![b'a'; 1_000_000]).await.unreadable("body");
    let broken = stream::iter([
        Ok(Bytes::from("member,email,name,role\ncarl,carl@acme.example,Carl,member\n")),
        Err(std::io::Error::other("gone")),
    ]);
    import(&house.vendor, IMPORT, Body::from_stream(broken)).await.unreadable("body");
    house.vendor.get("/v1/teams/acme/members/carl").await.refused(404, "unknown_member");
    import(&house.vendor, "/v1/teams/acme/members/import?dryrun=true", "").await.unreadable("dryrun");

    let header = "member,email,name,role\n".to_owned();
    let one_too_many = (0..=100_000).fold(header.clone(), |mut file, number| {
        writeln!(file, "m{number},m@acme.example,M,member").unwrap();
        file
    });
    let told = import(&house.vendor, IMPORT, one_too_many).await.refused(400, "limit");
    assert_eq!((&told["name"], &told["value"]), (&json!("rows"), &json!(100_000)));
    let piece = Bytes::from(format!("m,m@acme.example,{},member\n", "x".repeat(1_000_000)));
    let endless = stream::iter((0..100).map(move |_| Ok::<_, std::io::Error>(piece.clone())));
    let endless = stream::StreamExt::chain(stream::iter([Ok(Bytes::from(header))]), endless);
    let told = import(&house.vendor, IMPORT, Body::from_stream(endless)).await.refused(413, "limit");
    assert_eq!((&told["name"], &told["value"]), (&json!("file"), &json!(64 * 1024 * 1024)));
}

#[tokio::test]
async fn others_go_on_while_a_large_file_is_imported() {
    let house = shop().await;
    let mut file = "member,email,name,role,products\n".to_owned();
    for number in 0..20_000 {
        writeln!(file, "m{number},m{number}@acme.example,Member {number},member,all").unwrap();
    }
    team(&house.vendor, "globex").await;
    let vendor = house.vendor.clone();
    let importing = tokio::spawn(async move { import(&vendor, IMPORT, file).await });
    let mut done = 0;
    while !importing.is_finished() {
        // Each of them waits for one group at most; the writer of members, too.
        open(&house.vendor, &format!("s{done}"), "alice", "mudbox").await.is(201);
        close(&house.vendor, &format!("s{done}")).await.is(200);
        member(&house.vendor, "globex", &format!("g{done}"), "member").await;
        done += 1;
    }
    assert_eq!(importing.await.unwrap().is(200), told(20_000, 20_000, 0, false));
    assert!(done >= 20, "{done}");
    house.vendor.get("/v1/teams/acme/members/m19999/assignment").await.is(200);
}

#[tokio::test]
async fn an_import_is_for_the_vendor_and_the_team_and_the_member_called_import_is_one() {
    let house = shop().await;
    let file = "member,email,name,role\ncarl,carl@acme.example,Carl,member\n";
    team(&house.vendor, "globex").await;
    import(&house.with(&of_team("globex")).await, IMPORT, file).await.refused(404, "unknown_team");
    import(&house.with(&of_member("acme", "alice")).await, IMPORT, file).await.refused(403, "forbidden");
    import(&house.without_key(), IMPORT, file).await.refused(401, "unauthorised");
    import(&house.vendor, "/v1/teams/initech/members/import", file).await.refused(404, "unknown_team");

    house.vendor.get(IMPORT).await.refused(404, "unknown_member");
    house.without_key().get(IMPORT).await.refused(401, "unauthorised");
    let globex = house.with(&of_team("globex")).await;
    globex.get(IMPORT).await.refused(404, "unknown_team");
    member(&house.vendor, "acme", "import", "member").await;
    assert_eq!(house.vendor.get(IMPORT).await.is(200)["member"], "import");
    house.vendor.delete(IMPORT).await.is(204);
    assert_eq!(house.vendor.get(IMPORT).await.is(200)["active"], false);
}
