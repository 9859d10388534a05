# Reference values for tests/test_survival, test_cox, test_event_counts and test_rebasing.
# Run in this folder:  Rscript make_reference_survival.R ROSSI.csv      (R 4.2.2, survival 3.5-3, MASS 7.3-58.2, sandwich 3.0-2)
# ROSSI.csv is the public file of that name in the Python package lifelines (lifelines/datasets); nothing of it is kept.
# Writes survival_people.csv (made-up people) and survival_values.csv (name, value).
library(survival)
library(MASS)
library(sandwich)
set.seed(30365)
values <- list()
keep <- function(name, value) values[[name]] <<- unname(value)
keep_all <- function(name, found) for (term in names(found)) keep(paste0(name, "_", term), found[term])

# ---- people --------------------------------------------------------------------------------------------------------
n <- 400
people <- data.frame(person = 1:n, team = rep(1:20, each = 20))
people$age <- sample(18:60, n, replace = TRUE)
people$area <- sample(c("north", "south", "west"), n, replace = TRUE, prob = c(.5, .3, .2))
people$aid <- as.integer(runif(n) < .4)
people$predicted <- round(plogis(-.6 - .04 * (people$age - 35) + rnorm(n, sd = .5)), 4)
pace <- -log(1 - people$predicted) / 365 * exp(-.3 * people$aid + .2 * (people$area == "west"))
time <- ceiling(rexp(n, pace) / 7) * 7          # whole weeks: many ties
end <- sample(seq(300, 730, 10), n, replace = TRUE)
people$days <- pmin(time, end); people$event <- as.integer(time <= end)
people$entry <- pmin(ifelse(runif(n) < .3, sample(seq(7, 140, 7), n, replace = TRUE), 0), people$days - 1)
reached <- ceiling(rexp(n, 1 / 120) / 7) * 7    # also on days of events, and on people's own last days
people$reached <- ifelse(runif(n) < .6, reached, NA)
people$exposure <- round(runif(n, 120, 365))
mean_count <- people$exposure / 365 * exp(.2 - .4 * people$aid - .02 * (people$age - 35))
people$reconvictions <- rnbinom(n, size = 1.2, mu = mean_count)
people$breaches <- rbinom(n, 4, pmin(mean_count / 4, .9))   # spread less than chance
write.csv(people, "survival_people.csv", row.names = FALSE, quote = FALSE, na = "")

# ---- curve ---------------------------------------------------------------------------------------------------------
curve <- survfit(Surv(days, event) ~ 1, people, conf.type = "log-log")
narrow <- survfit(Surv(days, event) ~ 1, people, conf.type = "log-log", conf.int = .8)
for (day in c(7, 91, 182, 364, 700)) {
  s <- summary(curve, times = day)
  keep_all(paste0("curve_", day), c(survival = s$surv, low = s$lower, high = s$upper, at_risk = s$n.risk))
  keep(paste0("curve_", day, "_low80"), summary(narrow, times = day)$lower)
}
by_aid <- summary(survfit(Surv(days, event) ~ aid, people, conf.type = "log-log"), times = c(91, 364))
keep_all("curve_by_aid", setNames(by_aid$surv, c("0_91", "0_364", "1_91", "1_364")))

# ---- log-rank --------------------------------------------------------------------------------------------------------
test <- survdiff(Surv(days, event) ~ area, people)
keep("logrank_chisq", test$chisq); keep_all("logrank_expected", setNames(test$exp, c("north", "south", "west")))

# ---- Cox: Efron, late entry, clusters ----------------------------------------------------------------------------------
keep_fit <- function(name, fit) { keep_all(name, coef(fit)); keep_all(paste0(name, "_error"), sqrt(diag(vcov(fit)))) }
keep_fit("cox", coxph(Surv(days, event) ~ aid + age + area, people, control = coxph.control(eps = 1e-11)))
keep_fit("entry", coxph(Surv(entry, days, event) ~ aid + age + area, people, control = coxph.control(eps = 1e-11)))
keep_fit("entry_team", coxph(Surv(entry, days, event) ~ aid + age + area, people, cluster = team, control = coxph.control(eps = 1e-11)))
check <- function(name, fit) for (transform in c("km", "identity")) {
  table <- cox.zph(fit, transform)$table
  for (row in rownames(table)) keep(paste(name, transform, row, sep = "_"), table[row, "chisq"])
}
check("zph", coxph(Surv(days, event) ~ aid + age + area, people))
check("zph_entry", coxph(Surv(entry, days, event) ~ aid + age + area, people))

# ---- Cox with a status reached on the way --------------------------------------------------------------------------------
rows <- tmerge(people, people, id = person, event2 = event(days, event), status = tdc(reached))
keep("status_rows", nrow(rows)); keep("status_ones", sum(rows$status))
keep_fit("status", coxph(Surv(tstart, tstop, event2) ~ status + age, rows, control = coxph.control(eps = 1e-11)))
keep_fit("status_person", coxph(Surv(tstart, tstop, event2) ~ status + age, rows, cluster = person, control = coxph.control(eps = 1e-11)))
check("zph_status", coxph(Surv(tstart, tstop, event2) ~ status + age, rows))

# ---- Rossi -------------------------------------------------------------------------------------------------------------
rossi <- read.csv(commandArgs(TRUE)[1])
fit <- coxph(Surv(week, arrest) ~ fin + age + race + wexp + mar + paro + prio, rossi, control = coxph.control(eps = 1e-11))
keep_fit("rossi", fit); keep_all("rossi_fin", setNames(exp(confint(fit)["fin", ]), c("low", "high")))
keep("rossi_logrank", pchisq(survdiff(Surv(week, arrest) ~ fin, rossi)$chisq, 1, lower.tail = FALSE))
check("rossi_zph", fit)

# ---- counts --------------------------------------------------------------------------------------------------------------
many <- glm.nb(reconvictions ~ aid + age + area + offset(log(exposure)), people, control = glm.control(epsilon = 1e-14, maxit = 200))
keep_all("counts", coef(many)); keep("counts_alpha", 1 / many$theta); keep_all("counts_error", sqrt(diag(vcov(many))))
few <- glm(breaches ~ aid + age + area + offset(log(exposure)), poisson, people, epsilon = 1e-14)
keep_fit("chance", few)
keep_all("chance_team_error", sqrt(diag(vcovCL(few, cluster = people$team, type = "HC1", cadjust = TRUE))))

# ---- baseline hazard: Breslow with a fixed offset, late entry ---------------------------------------------------------------
people$offset <- log(-log(1 - people$predicted))
standard <- data.frame(offset = 0)
for (kind in c("plain", "late")) {
  response <- if (kind == "late") with(people, Surv(entry, days, event)) else with(people, Surv(days, event))
  fit <- coxph(response ~ offset(offset), data = people, ties = "breslow")
  base <- survfit(fit, newdata = standard)
  steps <- stepfun(base$time, c(0, base$cumhaz))
  for (day in c(7, 90, 91, 300, 365, 480)) keep(paste("hazard", kind, day, sep = "_"), steps(day))
  at_risk <- function(u) { in_it <- people$days >= u & (kind == "plain" | people$entry < u); sum(exp(people$offset[in_it])) }
  own <- sum(sapply(people$days[people$event == 1 & people$days <= 365], function(u) 1 / at_risk(u)))
  stopifnot(abs(own - steps(365)) < 1e-10)      # survfit means what we mean
}

table <- data.frame(name = names(values), value = sprintf("%.15g", unlist(values)))
write.csv(table, "survival_values.csv", row.names = FALSE, quote = FALSE)
