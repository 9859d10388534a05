# Reference values for tests/test_rates, test_poisson_binomial, test_expected, test_groups, test_reference and
# test_calibration.
# Run in this folder:  Rscript make_reference.R      (R 4.2.2, sandwich 3.0-2)
# Writes statistics_people.csv (made-up people) and statistics_values.csv (name, value).
library(sandwich)
set.seed(20211)
values <- list()
keep <- function(name, value) values[[name]] <<- value

# ---- people -------------------------------------------------------------------------------------------------------
n <- 400
people <- data.frame(person = 1:n)
people$team <- rep(1:16, each = 25)
people$area <- sample(c("north", "south", "west"), n, replace = TRUE, prob = c(.5, .3, .2))
people$age <- sample(18:60, n, replace = TRUE)
people$treated <- as.integer(runif(n) < .45)
team_effect <- rnorm(16, sd = .5)
log_odds <- 0.4 - 0.04 * (people$age - 30) + 0.3 * (people$area == "west") - 0.7
people$predicted <- round(plogis(log_odds + rnorm(n, sd = .5)), 4)
people$reconvicted <- rbinom(n, 1, plogis(log_odds - 0.3 * people$treated + team_effect[people$team]))
write.csv(people, "statistics_people.csv", row.names = FALSE, quote = FALSE)

# ---- single rates and their difference ------------------------------------------------------------------------------
wilson <- function(x, n, level = .95) {
  # prop.test warns about the chi-squared test of small counts; only its score interval is used here
  suppressWarnings(prop.test(x, n, conf.level = level, correct = FALSE))$conf.int[1:2]
}
keep("wilson_303_1709_low", wilson(303, 1709)[1]); keep("wilson_303_1709_high", wilson(303, 1709)[2])
keep("wilson_1_20_low", wilson(1, 20)[1]); keep("wilson_1_20_high", wilson(1, 20)[2])
keep("wilson90_7_9_low", wilson(7, 9, .9)[1]); keep("wilson90_7_9_high", wilson(7, 9, .9)[2])
fisher <- function(a, n, b, m) fisher.test(matrix(c(a, n - a, b, m - b), 2))$p.value
keep("fisher_rossi", fisher(48, 216, 66, 216)); keep("fisher_recid", fisher(83, 672, 100, 773))

# ---- Poisson-binomial by plain convolution, one person at a time ------------------------------------------------------
masses <- function(p) { f <- 1; for (q in p) f <- c(f * (1 - q), 0) + c(0, f * q); f }
treated <- people[people$treated == 1, ]
p <- treated$predicted; observed <- sum(treated$reconvicted); f <- masses(p)
for (k in c(1, 20, observed, 100, length(p) - 1)) {
  keep(paste0("log_lower_", k), log(sum(sort(f[1:(k + 1)]))))
  keep(paste0("log_upper_", k), log(sum(sort(f[(k + 1):length(f)]))))
}
shifted <- function(d) plogis(qlogis(p) + d)
upper <- function(d) sum(masses(shifted(d))[(observed + 1):(length(p) + 1)])
lower <- function(d) sum(masses(shifted(d))[1:(observed + 1)])
point <- function(d) masses(shifted(d))[observed + 1]
edge <- function(tail) sum(shifted(uniroot(function(d) tail(d) - .025, c(-3, 3), tol = 1e-13)$root))
keep("treated_people", length(p)); keep("treated_observed", observed); keep("treated_expected", sum(p))
keep("treated_p_value", min(1, 2 * min(upper(0), lower(0))))
keep("treated_expected_low", edge(upper)); keep("treated_expected_high", edge(lower))
y <- treated$reconvicted
keep("treated_z", (observed - sum(p)) / sqrt(sum(p * (1 - p))))
keep("treated_spiegelhalter_z", sum((y - p) * (1 - 2 * p)) / sqrt(sum((1 - 2 * p)^2 * p * (1 - p))))
keep("treated_mid_p_value", min(1, 2 * min(upper(0) - point(0) / 2, lower(0) - point(0) / 2)))
keep("treated_mid_expected_low", edge(function(d) upper(d) - point(d) / 2))
keep("treated_mid_expected_high", edge(function(d) lower(d) - point(d) / 2))

# ---- two groups: offset regression, clusters ----------------------------------------------------------------------
fit <- glm(reconvicted ~ treated + offset(qlogis(predicted)), binomial, people, epsilon = 1e-14)
inside <- plogis(qlogis(people$predicted) + sum(coef(fit))); outside <- plogis(qlogis(people$predicted) + coef(fit)[1])
slope <- c(mean(inside * (1 - inside)) - mean(outside * (1 - outside)), mean(inside * (1 - inside)))
robust <- vcovCL(fit, cluster = people$team, type = "HC1", cadjust = TRUE)
keep("two_log_odds", coef(fit)[2]); keep("two_error", sqrt(vcov(fit)[2, 2])); keep("two_error_clustered", sqrt(robust[2, 2]))
keep("two_difference", mean(inside - outside))
keep("two_difference_error", sqrt(drop(slope %*% vcov(fit) %*% slope)))
keep("two_difference_error_clustered", sqrt(drop(slope %*% robust %*% slope)))
keep("two_t_975", qt(.975, 15))

# ---- reference model and the comparison with estimated predictions -----------------------------------------------------
untreated <- people[people$treated == 0, ]
model <- glm(reconvicted ~ age + area, binomial, untreated, epsilon = 1e-14)
for (term in names(coef(model))) {
  keep(paste0("model_", term), coef(model)[term]); keep(paste0("model_error_", term), sqrt(diag(vcov(model)))[term])
}
X <- model.matrix(~ age + area, treated); ph <- plogis(drop(X %*% coef(model)))
gradient <- colMeans(ph * (1 - ph) * X); residual <- treated$reconvicted - ph
variance <- mean((residual - mean(residual))^2) / nrow(treated) + drop(gradient %*% vcov(model) %*% gradient)
keep("estimated_expected", sum(ph)); keep("estimated_difference", mean(residual)); keep("estimated_error", sqrt(variance))
keep("estimated_p_value", 2 * pnorm(-abs(mean(residual)) / sqrt(variance)))

# ---- cross-fitted predictions: within each outcome, folds by steps of the golden section ------------------------------------
fold <- ave(seq_len(nrow(untreated)), untreated$reconvicted, FUN = function(i) floor(5 * (((seq_along(i) - 1) * (sqrt(5) - 1) / 2) %% 1)))
cross <- numeric(nrow(untreated))
for (own in 0:4) {
  part <- glm(reconvicted ~ age + area, binomial, untreated[fold != own, ], epsilon = 1e-14)
  cross[fold == own] <- predict(part, untreated[fold == own, ], type = "response")
}
keep("cross_mean", mean(cross)); keep("cross_first", cross[1]); keep("cross_last", cross[nrow(untreated)])
keep("cross_brier", mean((cross - untreated$reconvicted)^2))

# ---- calibration on the untreated, recalibration of the treated -----------------------------------------------------------
y <- untreated$reconvicted; p <- untreated$predicted; logit <- qlogis(p)
shift <- glm(y ~ 1 + offset(logit), family = binomial, epsilon = 1e-14)
line <- glm(y ~ logit, family = binomial, epsilon = 1e-14)
keep("calibration_intercept", coef(shift)); keep("calibration_slope", coef(line)[2])
keep("calibration_intercept_low", confint.default(shift)[1]); keep("calibration_intercept_high", confint.default(shift)[2])
keep("calibration_slope_low", confint.default(line)[2, 1]); keep("calibration_slope_high", confint.default(line)[2, 2])
keep("calibration_brier", mean((y - p)^2)); keep("calibration_scaled_brier", 1 - mean((y - p)^2) / mean((y - mean(y))^2))
z <- sum((y - p) * (1 - 2 * p)) / sqrt(sum((1 - 2 * p)^2 * p * (1 - p)))
keep("calibration_spiegelhalter_z", z); keep("calibration_spiegelhalter_p", 2 * pnorm(-abs(z)))
wins <- outer(p[y == 1], p[y == 0], function(a, b) (a > b) + (a == b) / 2)  # DeLong by every pair
auc <- mean(wins); error <- sqrt(var(rowMeans(wins)) / nrow(wins) + var(colMeans(wins)) / ncol(wins))
keep("calibration_auc", auc)
keep("calibration_auc_low", auc - qnorm(.975) * error); keep("calibration_auc_high", auc + qnorm(.975) * error)
recalibrated <- function(name, coefficients, covariance, M) {
  ph <- plogis(drop(M %*% coefficients)); gradient <- colMeans(ph * (1 - ph) * M); residual <- treated$reconvicted - ph
  variance <- mean((residual - mean(residual))^2) / nrow(treated) + drop(gradient %*% covariance %*% gradient)
  keep(paste0(name, "_expected"), sum(ph)); keep(paste0(name, "_error"), sqrt(variance))
  keep(paste0(name, "_p_value"), 2 * pnorm(-abs(mean(residual)) / sqrt(variance)))
}
recalibrated("recalibrated", coef(line), vcov(line), cbind(1, qlogis(treated$predicted)))
recalibrated("shifted", c(coef(shift), 1), diag(c(vcov(shift), 0)), cbind(1, qlogis(treated$predicted)))

# ---- tipping point: the first number among the treated that the exact test does not call too low -----------------------------
keep("tipping_count", min(which(2 * cumsum(masses(treated$predicted)) >= .05)) - 1)

table <- data.frame(name = names(values), value = sprintf("%.15g", unlist(values)))
write.csv(table, "statistics_values.csv", row.names = FALSE, quote = FALSE)
