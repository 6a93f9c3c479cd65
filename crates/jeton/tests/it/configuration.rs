//! Flags before environment before file; a setting that does not exist names the nearest one that does.

use crate::support::process::Folder;

#[test]
fn an_unknown_setting_names_the_nearest_right_one() {
    let folder = Folder::new();
    let file = folder.beside("jeton.toml");
    std::fs::write(&file, "# where\nlisen = \"127.0.0.1:0\"\n").unwrap();
    let file = file.to_str().unwrap();
    let of_file = folder.plain_jeton(&["serve", "--config", file], &[]);
    assert_eq!(of_file.code, Some(2), "{of_file:?}");
    for part in ["jeton.toml:2", "`lisen`", "`listen`"] {
        assert!(of_file.stderr.contains(part), "{part} in {of_file:?}");
    }
    let of_environment = folder.plain_jeton(&["serve"], &[("JETON_LISEN", "127.0.0.1:0")]);
    assert_eq!(of_environment.code, Some(2), "{of_environment:?}");
    assert!(of_environment.stderr.contains("JETON_LISEN"), "{of_environment:?}");
    assert!(of_environment.stderr.contains("JETON_LISTEN"), "{of_environment:?}");

    let of_flags = folder.plain_jeton(&["serve", "--lisen", "127.0.0.1:0"], &[]);
    assert_eq!(of_flags.code, Some(2), "{of_flags:?}");
    assert!(of_flags.stderr.contains("--listen"), "{of_flags:?}");
    assert!(!folder.data().exists(), "nothing was done");
}

#[test]
fn a_value_that_is_none_names_the_setting() {
    let folder = Folder::new();
    let file = folder.beside("jeton.toml");
    std::fs::write(&file, "sandbox = \"perhaps\"\n").unwrap();
    let ended = folder.plain_jeton(&["serve", "--config", file.to_str().unwrap()], &[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("jeton.toml:1") && ended.stderr.contains("`sandbox`"), "{ended:?}");

    let ended = folder.plain_jeton(&["serve", "--clock", "2026-03-02T08:00:00Z"], &[]);
    assert_eq!(ended.code, Some(2), "only a sandbox has a clock of its own: {ended:?}");
}

#[test]
fn a_flag_goes_before_the_environment_and_that_before_the_file() {
    let folder = Folder::new();
    let [of_flag, of_environment, of_file] = ["flag", "environment", "file"].map(|name| folder.beside(name));
    let file = folder.beside("jeton.toml");
    std::fs::write(&file, format!("data = {:?}\n", of_file.to_str().unwrap())).unwrap();
    let create = ["keys", "create", "--scope", "vendor", "--config", file.to_str().unwrap()];
    let variables = [("JETON_DATA", of_environment.to_str().unwrap())];

    let with_flag = [&create[..], &["--data", of_flag.to_str().unwrap()]].concat();
    assert_eq!(folder.plain_jeton(&with_flag, &variables).code, Some(0));
    assert_eq!([of_flag.exists(), of_environment.exists(), of_file.exists()], [true, false, false]);
    assert_eq!(folder.plain_jeton(&create, &variables).code, Some(0));
    assert_eq!([of_environment.exists(), of_file.exists()], [true, false]);
    assert_eq!(folder.plain_jeton(&create, &[]).code, Some(0));
    assert!(of_file.exists());
}
