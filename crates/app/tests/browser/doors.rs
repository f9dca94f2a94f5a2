//! Coming in and going out: the first run, sign-out, a ban, settings that want a password (R13, R14, R16, R25).

use crate::stage::{PASSWORD, email_of, on_both, on_both_empty};

#[test]
fn the_first_run_makes_a_company_with_the_printed_token() {
    on_both_empty(|stage| async move {
        let window = stage.window().await;
        window.goes_to("/").await;
        window.reads("The database is empty.").await;
        for (field, text) in [
            ("token", "WRNG-WRNG-WRNG-WRNG"),
            ("company", "Acme"),
            ("country", "IN"),
            ("email", "boss@acme.example"),
            ("password", PASSWORD),
        ] {
            window.types(&format!("input[name={field}]"), text).await;
        }
        // The browser's own zone stands there already.
        window.fills("input[name=zone]", "Asia/Kolkata").await;
        window.presses("form.door button").await;
        window.reads("This is not the token that the server printed when it started.").await;
        window.fills("input[name=token]", &stage.token()).await;
        window.types("input[name=password]", PASSWORD).await;
        window.presses("form.door button").await;
        window.reads("No leads yet").await;
        window.reads_in("//*[contains(@class, 'user-menu')]", "Company Admin").await;
        window.goes_to("/users").await;
        window.reads("boss@acme.example").await;
    });
}

#[test]
fn whoever_signs_out_is_out_also_on_the_way_back() {
    on_both(|stage| async move {
        let window = stage.window_of("Asha").await;
        window.goes_to("/tasks").await;
        window.presses(".user-menu summary").await;
        window.presses_label("//*[contains(@class, 'user-menu')]", "Sign out").await;
        window.finds("input[name=password]").await;
        window.script("history.back()").await;
        window.finds("input[name=password]").await;
        assert!(window.path().await.starts_with("/sign-in"), "{}", window.path().await);
    });
}

#[test]
fn r16_a_banned_user_is_out_at_the_next_step() {
    on_both(|stage| async move {
        let (admin, asha) = (stage.window_of("Admin").await, stage.window_of("Asha").await);
        asha.goes_to("/tasks").await;
        asha.reads("Nothing to do").await;
        admin.goes_to(&format!("/users/{}", stage.user("Asha"))).await;
        admin.presses_label("//main", "Ban").await;
        admin.reads("Asha is banned and signed out everywhere.").await;
        asha.goes_to("/leads").await;
        asha.signs_in(&email_of("Asha"), PASSWORD).await;
        asha.reads("You cannot sign in at present.").await;
    });
}

#[test]
fn r25_settings_want_ones_own_password() {
    on_both(|stage| async move {
        let admin = stage.window_of("Admin").await;
        admin.goes_to("/settings/configurations").await;
        admin.reads("Never run.").await;
        admin.presses("label:has(input[name=statuses])").await;
        admin.fills("input[name=rest_hours]", "7").await;
        let save = async |password: &str| {
            if admin.counts("dialog#assignment-password[open]").await == 0 {
                admin.presses("#assignment footer button[data-opens=assignment-password]").await;
            }
            admin.finds("dialog#assignment-password[open]").await;
            admin.types("dialog#assignment-password input[name=password]", password).await;
            admin.presses("dialog#assignment-password button[type=submit]").await;
        };
        save("wrong horse").await;
        // The dialog is open again and says why; what was typed is kept.
        admin.finds("dialog#assignment-password[open] .field[data-invalid]").await;
        admin.finds("input[name=rest_hours][value='7']").await;
        save(PASSWORD).await;
        admin.reads("The settings are saved.").await;
        admin.goes_to("/settings/configurations").await;
        admin.finds("input[name=rest_hours][value='7']").await;
    });
}
