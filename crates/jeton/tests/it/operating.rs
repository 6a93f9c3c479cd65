//! What an operator does and sees: a new installation, what is wrong with one, systemd, a stop beside slow clients, and
//! files of another version.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::process::{Ended, Folder};
use crate::support::shop::Shop;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What `jeton check --json` found of one thing.
fn checked<'a>(found: &'a Value, what: &str) -> &'a Value {
    let found = found["checks"].as_array().unwrap().iter().find(|found| found["what"] == json!(what));
    found.unwrap_or_else(|| panic!("{what} is checked"))
}

fn check(folder: &Folder, arguments: &[&str]) -> (Ended, Value) {
    let ended = folder.jeton(&[&["check", "--json"], arguments].concat());
    let found = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
    (ended, found)
}

#[test]
fn init_makes_what_can_be_served_and_touches_nothing_that_is_there() {
    let folder = Folder::new();
    let config = folder.beside("jeton.toml");
    let arguments = ["init", "--config", text(&config), "--listen", "127.0.0.1:0", "--issuer", "us", "--json"];
    let made = folder.jeton(&arguments);
    assert_eq!(made.code, Some(0), "{made:?}");
    let made: Value = serde_json::from_str(&made.stdout).unwrap();
    assert_eq!(made["data"], json!(folder.data()));
    let key = made["key"].as_str().unwrap();
    let written = fs::read_to_string(&config).unwrap();
    assert!(!written.contains(key), "the key is nowhere but on standard output");
    assert!(written.contains(&format!("\ndata = \"{}\"\n", folder.data().display())), "{written}");
    assert!(written.contains("\n#queue = 4096\n") && written.contains("\nissuer = \"us\"\n"), "{written}");

    let checked = folder.plain_jeton(&["check", "--config", text(&config)], &[]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let server = folder.serve(&["--config", text(&config)], &[]).expect("what was made is served");
    server.api().with(key).get("/v1/settings").ok();

    for (data, config, named) in [
        (folder.beside("other"), config.clone(), "jeton.toml is there already"),
        (folder.data(), folder.beside("other.toml"), "is not empty"),
    ] {
        let ended = folder.plain_jeton(&["init", "--data", text(&data), "--config", text(&config)], &[]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains(named), "{ended:?}");
    }
    assert_eq!(fs::read_to_string(&config).unwrap(), written);
    assert!(!folder.beside("other").exists() && !folder.beside("other.toml").exists());
    server.stop();
}

#[test]
fn check_says_what_is_wrong_and_what_to_do() {
    let shop = Shop::open(100);
    let (ended, found) = check(&shop.folder, &[]);
    assert_eq!(checked(&found, "server")["state"], json!("ok"), "{ended:?}");
    shop.server.stop();
    // A real one is asked for, and the folder is a sandbox's; a file can be read by all; a key is gone.
    let (ended, found) = check(&shop.folder, &[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let files = checked(&found, "files");
    assert_eq!(files["state"], json!("wrong"));
    assert!(files["do"].as_str().unwrap().contains("sandbox"), "{files}");
    assert_eq!(checked(&found, "folder")["state"], json!("ok"));
    fs::set_permissions(shop.folder.data().join("views.db"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::rename(shop.folder.data().join("keys/lease.key"), shop.folder.beside("lease.key")).unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let variables = [("JETON_SANDBOX", "true"), ("JETON_LISTEN", &taken.local_addr().unwrap().to_string())];
    let data = shop.folder.data();
    let ended = shop.folder.plain_jeton(&["check", "--json", "--data", text(&data)], &variables);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let found: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(checked(&found, "files")["state"], json!("ok"));
    for (what, says) in [("folder", "views.db"), ("keys", "lease.key"), ("address", "cannot be listened on")] {
        let found = checked(&found, what);
        assert_eq!(found["state"], json!("wrong"), "{found}");
        assert!(found["says"].as_str().unwrap().contains(says), "{found}");
        assert!(found["do"].is_string(), "{found}");
    }
    // In words, too.
    let ended = shop.folder.plain_jeton(&["check", "--data", text(&data)], &variables);
    assert!(ended.stdout.contains("WRONG    keys") && ended.stdout.contains("-> restore"), "{ended:?}");
    assert!(ended.stderr.contains("3 things are wrong"), "{ended:?}");
    // A folder that is not there is made by a start.
    let (ended, found) = check(&Folder::new(), &["--disk-refuse-mb=0"][..0]);
    assert_eq!(checked(&found, "folder")["state"], json!("warning"), "{ended:?}");
}

#[test]
fn files_of_a_newer_version_are_left_alone() {
    let shop = Shop::open(100);
    shop.server.stop();
    let file = shop.folder.data().join("jeton.db");
    let database = rusqlite::Connection::open(&file).unwrap();
    database.pragma_update(None, "user_version", 99).unwrap();
    drop(database);
    let before = fs::read(&file).unwrap();
    let Err(ended) = shop.folder.serve(&["--sandbox"], &[]) else { panic!("it is served") };
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stderr.contains("newer jeton (form 99"), "{ended:?}");
    for arguments in
        [&["verify"], &["backup", text(&shop.folder.beside("backup"))][..], &["keys", "create", "--scope", "vendor"]]
    {
        let ended = shop.folder.jeton(arguments);
        assert_eq!(ended.code, Some(3), "{ended:?}");
    }
    let (ended, found) = check(&shop.folder, &[]);
    assert_eq!(ended.code, Some(1));
    assert!(checked(&found, "files")["says"].as_str().unwrap().contains("newer"), "{found}");
    assert!(fs::read(&file).unwrap() == before, "it was changed");
}

#[test]
fn a_supervisor_is_told_that_the_server_is_ready_lives_and_stops() {
    let folder = Folder::new();
    let place = folder.beside("notify");
    let socket = UnixDatagram::bind(&place).unwrap();
    socket.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let variables = [("NOTIFY_SOCKET", text(&place)), ("WATCHDOG_USEC", "200000")];
    let server = folder.serve(&["--sandbox"], &variables).expect("it starts");
    let next = || {
        let mut message = [0; 1_024];
        let length = socket.recv(&mut message).expect("something is told");
        String::from_utf8(message[..length].to_vec()).unwrap()
    };
    let ready = next();
    assert!(ready.lines().any(|line| line == "READY=1"), "{ready}");
    assert!(ready.contains(&format!("STATUS=serving on {}", server.base())), "{ready}");
    for _ in 0..3 {
        assert_eq!(next().trim_end(), "WATCHDOG=1", "again and again");
    }
    server.stop();
    let stopping = std::iter::repeat_with(next).find(|message| message.trim_end() != "WATCHDOG=1").unwrap();
    assert!(stopping.lines().any(|line| line == "STOPPING=1"), "{stopping}");
}

#[test]
fn the_unit_is_one_that_systemd_takes() {
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging/jeton.service");
    let unit = fs::read_to_string(unit).unwrap();
    let folder = Folder::new();
    // It is verified with the program that it starts, and with a user that there is.
    let here = unit.replace("/usr/bin/jeton", env!("CARGO_BIN_EXE_jeton")).replace("=jeton\n", "=daemon\n");
    let file = folder.beside("jeton.service");
    fs::write(&file, here).unwrap();
    let output = Command::new("systemd-analyze").args(["verify", "--man=no", text(&file)]).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    let of_ours: Vec<&str> = complaint.lines().filter(|line| line.contains("jeton")).collect();
    assert_eq!(of_ours, Vec::<&str>::new(), "{complaint}");
    // What it starts understands its arguments.
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/jeton ")).unwrap();
    let arguments: Vec<&str> = start.split(' ').chain(["--help"]).collect();
    assert_eq!(folder.plain_jeton(&arguments, &[]).code, Some(0), "{start}");
}

#[test]
fn a_stop_answers_what_is_under_way_and_waits_for_nobody_else() {
    let shop = Shop::open(100);
    let address = shop.server.base().strip_prefix("http://").unwrap().to_owned();
    let connect = || {
        let stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        stream
    };
    // One has said half of a request line, one half of a body, one nothing, one was answered and is kept.
    let mut half_a_line = connect();
    half_a_line.write_all(b"GET /v1/sett").unwrap();
    let mut half_a_body = connect();
    let head = format!(
        "PUT /v1/sessions/s1 HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{",
        shop.vendor_key
    );
    half_a_body.write_all(head.as_bytes()).unwrap();
    let _silent = connect();
    let mut kept = connect();
    kept.write_all(format!("GET /livez HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).unwrap();
    let mut answer = [0; 1_024];
    assert!(kept.read(&mut answer).unwrap() > 0);
    // systemd would wait for 20 s: the server is faster, whoever is slow. The limit of a test is a minute.
    let begun = shop.folder.beside("stop");
    fs::write(&begun, "").unwrap();
    let begun = fs::metadata(&begun).unwrap().modified().unwrap();
    let (server, folder) = (shop.server, shop.folder);
    server.stop();
    let ended = folder.beside("stopped");
    fs::write(&ended, "").unwrap();
    let took = fs::metadata(&ended).unwrap().modified().unwrap().duration_since(begun).unwrap();
    assert!(took < Duration::from_secs(15), "10 s, and what the machine takes besides: {took:?}");
    folder.verify();
}
