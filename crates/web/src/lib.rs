//! What people see. The pages, the API and the live updates will live here; today the room is empty, and the command
//! line (crate `app`) calls the actions directly.
