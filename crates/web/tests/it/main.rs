//! The pages without a browser: the router is called as a server would call it, over a database of the test's own, on
//! both engines.

mod forms;
mod guards;
mod house;
mod imports;
mod leads;
mod live;
mod permissions;
mod running;
mod sign_in;
mod why;
