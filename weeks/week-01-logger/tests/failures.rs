//! The error catalog, provoked: every code has a scenario that really happens, and each scenario ends in that code
//! alone, with the exit code and the whole line that `fixtures/failures.yaml` promises.
//!
//! The deliverable of day 4 shows the same file. It could be fooled by a code that nobody provokes, so the set of
//! codes in the file must be the set of codes in the catalog.

mod tool;

use tool::failures;

#[test]
fn every_code_of_the_catalog_has_a_scenario_and_every_scenario_a_code() {
    assert_eq!(failures::codes_in_file(), failures::codes_in_catalog());
}

#[test]
fn every_scenario_ends_in_its_code_its_exit_and_its_line() {
    let wrong = failures::check(|_| true);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
