//! Usage as CSV: texts of anybody's are read back as what they are, and none is a formula.

/// Cells, a zero byte between two.
pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let cells: Vec<String> = text.split('\0').map(str::to_owned).collect();
    let written = jeton_api::fuzzing::csv(&cells);
    assert!(written.ends_with(b"\r\n"), "a record has an end");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(written.as_ref());
    let records: Vec<csv::StringRecord> =
        reader.records().collect::<Result<_, _>>().expect("what was written can be read");
    let [record] = records.as_slice() else { panic!("one record is read as {records:?}") };
    assert_eq!(record.len(), cells.len(), "{record:?}");
    for (read, cell) in record.iter().zip(&cells) {
        let begins_like_a_formula = |text: &str| {
            text.starts_with(['=', '+', '-', '@', '\t', '\r']) || text.starts_with(['＝', '＋', '－', '＠'])
        };
        assert!(!begins_like_a_formula(read), "{read:?}");
        let expected = if begins_like_a_formula(cell) { format!("'{cell}") } else { cell.clone() };
        assert_eq!(read, expected);
    }
}
