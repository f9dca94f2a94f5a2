//! Who may call what: every address of the router in one table (R13).

use crate::house::on_both;

/// What each role is answered: admin, manager, agent. Whoever is not signed in is sent to the sign-in page, but for the
/// doors. A form is sent empty: 422 (or 303, or 400) means that the permission was there and only the form was lacking.
const TABLE: &str = "
    GET  /                                      303 303 303
    GET  /account                               200 200 200
    POST /account/password                      422 422 422
    GET  /dashboard                             200 200 200
    GET  /tasks                                 200 200 200

    GET  /leads                                 200 200 200
    GET  /customers                             200 200 200
    GET  /leads/new                             200 200 200
    POST /leads                                 422 422 422
    GET  /agents?id=a&name=b&choose=one         200 200 403
    POST /leads/selection/assignment            303 303 403
    POST /leads/selection/spread                303 303 403
    POST /leads/selection/status                303 303 303
    POST /leads/selection/tags                  422 422 422

    GET  /leads/{own}                           200 200 200
    POST /leads/{own}/assignment                422 422 403
    POST /leads/{own}/unassignment              422 422 403
    POST /leads/{own}/status                    422 422 422
    POST /leads/{own}/tags                      422 422 422
    POST /leads/{own}/tags/removal              404 404 404
    POST /leads/{own}/notes                     422 422 422
    GET  /leads/{own}/fields                    200 200 200
    GET  /leads/{own}/why                       200 200 200
    POST /leads/{own}/fields                    422 422 422

    GET  /leads/{other}                         200 200 404
    POST /leads/{other}/tags/removal?untag=hot  303 303 404
    GET  /leads/{other}/fields                  200 200 404
    GET  /leads/{other}/why                     200 200 404

    GET  /imports                               200 200 403
    POST /imports                               422 422 403
    GET  /imports/uploads/{upload}              404 404 403
    POST /imports/uploads/{upload}              404 404 403
    POST /imports/uploads/{upload}/import       404 404 403
    POST /imports/uploads/{upload}/removal      404 404 403
    GET  /imports/7                             404 404 403
    GET  /imports/7/errors.csv                  404 404 403
    POST /imports/7/cancel                      404 404 403
    POST /imports/7/undo                        303 303 403

    GET  /runs                                  200 200 403
    GET  /runs/history.csv                      200 200 403
    GET  /runs/7                                404 404 403
    GET  /runs/7/cancel                         404 404 403
    POST /runs/7/cancel                         404 404 403
    GET  /runs/7/agents.csv                     404 404 403
    POST /runs/7/undo                           404 404 404

    GET  /users                                 200 200 403
    POST /users                                 422 403 403
    GET  /users/new                             200 403 403
    GET  /users/{asha}                          200 200 403
    POST /users/{asha}                          422 403 403
    POST /users/{asha}/ban                      422 403 403

    GET  /settings/configurations               200 403 403
    GET  /settings/jobs/removal/would-take      200 403 403
    POST /settings/jobs/assignment              422 403 403
    GET  /settings/jobs/assignment/preview      200 200 403
    GET  /settings/jobs/assignment/run          200 200 403
    POST /settings/jobs/assignment/run          303 303 403
    POST /settings/jobs/top-up                  422 403 403
    GET  /settings/jobs/top-up/preview          200 200 403
    GET  /settings/jobs/top-up/run              200 200 403
    POST /settings/jobs/top-up/run              303 303 403
    POST /settings/jobs/removal                 422 403 403
    GET  /settings/jobs/removal/preview         200 200 403
    GET  /settings/jobs/removal/run             200 200 403
    POST /settings/jobs/removal/run             303 303 403

    GET  /live                                  200 200 200
    POST /users/{asha}/sessions/end             303 403 403
    POST /account/sessions/end                  303 303 303
    POST /sign-out                              303 303 303
";

/// Open to everybody.
const DOORS: &str = "
    GET  /sign-in           200
    POST /sign-in           422
    POST /sign-in/company   422
    GET  /first-run         303
    POST /first-run         303
    POST /theme             422
    GET  /health            200
";

fn lines(table: &str) -> Vec<Vec<&str>> {
    table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|line| !line.is_empty())
        .collect()
}

#[test]
fn r13_every_address_asks_for_its_permission() {
    on_both(|house| async move {
        let own = house.lead("Lea", Some("Asha")).await.to_string();
        let other = house.lead("Leo", Some("Ben")).await.to_string();
        let asha_id = house.user("Asha").to_string();
        let upload = "A".repeat(43);
        let asha = house.signed_in("Asha").await;
        let roles = [house.signed_in("Admin").await, house.signed_in("Mira").await, asha];
        let nobody = house.visitor();
        let mut wrong = Vec::new();
        for line in lines(TABLE) {
            let (method, path) = (line[0], line[1]);
            let path = path.replace("{own}", &own).replace("{other}", &other).replace("{asha}", &asha_id);
            let path = path.replace("{upload}", &upload);
            for ((who, role), expect) in ["admin", "manager", "agent"].into_iter().zip(&roles).zip(&line[2..])
            {
                // The admin's line on ending Asha's sessions would end the row's next guest.
                let found = if path == "/live" {
                    role.listen().await;
                    200
                } else if method == "GET" {
                    role.get(&path).await.status
                } else {
                    role.post(&path, &[]).await.status
                };
                let signed_out = who == "agent" && found == 303 && path.contains("sessions/end");
                if found.to_string() != *expect && !signed_out {
                    wrong.push(format!("{method} {path} by the {who}: {found}, not {expect}"));
                }
            }
            let found = match method {
                "GET" => nobody.get(&path).await,
                _ => nobody.post(&path, &[]).await,
            };
            if found.status != 303 || !found.location().is_some_and(|to| to.starts_with("/sign-in")) {
                wrong.push(format!("{method} {path} without signing in: {}", found.status));
            }
        }
        for line in lines(DOORS) {
            let found = match line[0] {
                "GET" => nobody.get(line[1]).await.status,
                _ => nobody.post(line[1], &[]).await.status,
            };
            if found.to_string() != line[2] {
                wrong.push(format!("{} {}: {found}, not {}", line[0], line[1], line[2]));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}

/// A new address without a line in the table fails here.
#[test]
fn the_table_is_as_long_as_the_router() {
    let router = include_str!("../../src/router.rs");
    let routes = router.lines().filter(|line| line.trim_start().starts_with(".route("));
    let handlers: usize =
        routes.map(|line| line.matches("get(").count() + line.matches("post(").count()).sum();
    // The lines on another's lead and on the other jobs call addresses that are there already.
    let is_repeated = |path: &str| {
        path.contains("{other}")
            || path.contains("/jobs/top-up")
            || (path.contains("/jobs/removal") && !path.ends_with("/would-take"))
    };
    let repeated = lines(TABLE).iter().filter(|line| is_repeated(line[1])).count();
    assert_eq!(lines(TABLE).len() - repeated + lines(DOORS).len(), handlers);
}
