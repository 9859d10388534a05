# Reference values for tests/test_propensity, test_matching and test_balance.
# Run in this folder:  Rscript make_reference_matching.R      (R 4.2.2, no packages)
# Writes matching_people.csv (made-up people), matching_values.csv (name, value), matching_pairs.csv
# (match, treated, control, distance; people by number) and matching_balance.csv (covariate and its figures).
# MatchIt is no witness here: version 4.5.1 has a broken caliper (integer abs on doubles). The greedy match is a plain loop.
set.seed(20212)
n <- 400
people <- data.frame(person = 1:n)
people$month <- sample(c("m1", "m2", "m3"), n, replace = TRUE)
people$sex <- sample(c("male", "female"), n, replace = TRUE, prob = c(.8, .2))
people$area <- sample(c("north", "south", "west"), n, replace = TRUE, prob = c(.5, .3, .2))
people$age <- sample(18:60, n, replace = TRUE)
people$sanctions <- rpois(n, 7)
people$logit_p <- round(rnorm(n, -1, .8), 6)
score <- -1.6 - .03 * (people$age - 35) + .09 * people$sanctions + .5 * people$logit_p + .6 * (people$area == "north")
people$treated <- rbinom(n, 1, plogis(score))
write.csv(people, "matching_people.csv", row.names = FALSE, quote = FALSE)

values <- list()
keep <- function(name, value) values[[name]] <<- value

# ---- propensity: references are the commonest categories --------------------------------------------------------------
people$sex <- relevel(factor(people$sex), "male")
people$area <- relevel(factor(people$area), "north")
fit <- glm(treated ~ age + sanctions + logit_p + sex + area, binomial, people, epsilon = 1e-15, maxit = 50)
# vcov(fit) has the weights of the last round but one: the information is taken at the estimate
terms <- model.matrix(fit)
errors <- sqrt(diag(solve(crossprod(terms * sqrt(fitted(fit) * (1 - fitted(fit)))))))
for (term in names(coef(fit))) {
  keep(paste0("log_odds_", term), coef(fit)[[term]])
  keep(paste0("error_", term), errors[[term]])
}
logit <- unname(predict(fit, type = "link"))
treated <- people$treated == 1
keep("logit_first", logit[1]); keep("logit_last", logit[n]); keep("logit_sd", sd(logit))
keep("auc", mean(outer(logit[treated], logit[!treated], ">") + outer(logit[treated], logit[!treated], "==") / 2))

# ---- greedy nearest neighbours, one person at a time ------------------------------------------------------------------
greedy <- function(caliper = Inf, ratio = 1, replace = FALSE, exact = NULL, decreasing = TRUE) {
  used <- rep(FALSE, n); found <- NULL
  order_of_choice <- which(treated)[order(logit[treated], decreasing = decreasing, method = "radix")]
  for (round in 1:ratio) for (i in order_of_choice) {
    best <- NA; best_distance <- Inf
    for (j in which(!treated)) {
      if (used[j] && !replace) next
      if (replace && !is.null(found) && any(found$treated == i & found$control == j)) next
      if (!is.null(exact) && people[i, exact] != people[j, exact]) next
      distance <- abs(logit[i] - logit[j])
      if (distance < best_distance) { best <- j; best_distance <- distance }
    }
    if (!is.na(best) && best_distance <= caliper) {
      used[best] <- TRUE
      found <- rbind(found, data.frame(treated = i, control = best, distance = best_distance))
    }
  }
  found
}
width <- .2 * sd(logit)
matches <- list(
  plain = greedy(width), narrow = greedy(width / 4), free = greedy(), smallest = greedy(width, decreasing = FALSE),
  twice = greedy(width, ratio = 2), replaced = greedy(width, ratio = 2, replace = TRUE),
  monthly = greedy(width, exact = "month")
)
pairs <- do.call(rbind, lapply(names(matches), function(name) cbind(match = name, matches[[name]])))
pairs$distance <- sprintf("%.12f", pairs$distance)
write.csv(pairs, "matching_pairs.csv", row.names = FALSE, quote = FALSE)

# ---- balance before and after the match 1:2 ---------------------------------------------------------------------------
pairs <- matches$twice
matches_of <- table(pairs$treated)
weights <- rep(0, n)
weights[unique(pairs$treated)] <- 1
for (row in seq_len(nrow(pairs))) {
  share <- 1 / matches_of[[as.character(pairs$treated[row])]]
  weights[pairs$control[row]] <- weights[pairs$control[row]] + share
}
weighted_mean <- function(x, w) sum(w * x) / sum(w)
weighted_var <- function(x, w) { w <- w / sum(w); sum(w * (x - sum(w * x))^2) / (1 - sum(w^2)) }
line <- function(name, x, share) {
  variance <- if (share) function(v) mean(v) * (1 - mean(v)) else var
  spread <- sqrt((variance(x[treated]) + variance(x[!treated])) / 2)
  means <- c(mean(x[treated]), weighted_mean(x[treated], weights[treated]),
             mean(x[!treated]), weighted_mean(x[!treated], weights[!treated]))
  ratios <- if (share) c(NA, NA) else c(
    var(x[treated]) / var(x[!treated]),
    weighted_var(x[treated], weights[treated]) / weighted_var(x[!treated], weights[!treated]))
  data.frame(covariate = name, treated_mean = means[1], treated_mean_after = means[2],
             comparison_mean_before = means[3], comparison_mean_after = means[4],
             smd_before = 100 * (means[1] - means[3]) / spread, smd_after = 100 * (means[2] - means[4]) / spread,
             variance_ratio_before = ratios[1], variance_ratio_after = ratios[2])
}
table <- rbind(
  line("propensity (logit)", logit, FALSE), line("age", people$age, FALSE),
  line("sanctions", people$sanctions, FALSE), line("logit_p", people$logit_p, FALSE),
  line("sex: female", people$sex == "female", TRUE), line("sex: male", people$sex == "male", TRUE),
  line("area: north", people$area == "north", TRUE), line("area: south", people$area == "south", TRUE),
  line("area: west", people$area == "west", TRUE))
table[-1] <- lapply(table[-1], function(column) signif(column, 14))
write.csv(table, "matching_balance.csv", row.names = FALSE, quote = FALSE)

written <- data.frame(name = names(values), value = sprintf("%.15g", unlist(values)))
write.csv(written, "matching_values.csv", row.names = FALSE, quote = FALSE)
