//! What a person does in a browser: Debian's chromium, driven through its driver, on pages that `evenhand serve` serves
//! from a database of the test's own, on both engines. Where there is no browser the tests say so and are skipped;
//! `EVENHAND_TEST_STRICT=1` lets them fail instead.

mod axe;
mod day;
mod doors;
mod driver;
mod leads;
mod progress;
mod stage;
