# Reference values for tests/test_outcomes, test_weighting and test_sensitivity.
# Run in this folder:  Rscript make_reference_weighting.R      (R 4.2.2, sandwich 3.0-2)
# Writes weighting_people.csv (made-up people, some in several months), weighting_pairs.csv (greedy matches by plain
# loops) and weighting_values.csv (name, value).
library(sandwich)
set.seed(20213)
values <- list()
keep <- function(name, value) values[[name]] <<- unname(value)

# ---- people: 420 rows of 300 persons ------------------------------------------------------------------------------
n <- 420
people <- data.frame(row = 1:n - 1, person = c(1:300, sample(1:300, 120)))
people$age <- sample(18:60, n, replace = TRUE)
people$female <- as.integer(runif(n) < .25)
people$area <- sample(c("north", "south", "west"), n, replace = TRUE, prob = c(.5, .3, .2))
people$score <- round(rnorm(n), 4)
linear <- with(people, -1.6 - 0.03 * (age - 35) - 0.4 * female + 0.4 * (area == "west") + 0.7 * score)
people$treated <- as.integer(runif(n) < plogis(linear))
shared <- rnorm(300, sd = .7)[people$person]
risk <- with(people, -0.2 - 0.03 * (age - 35) + 0.7 * score + shared - 0.4 * treated)
people$reconvicted <- as.integer(runif(n) < plogis(risk))
people$reconvictions <- ifelse(people$reconvicted == 1, 1 + rpois(n, exp(0.2 + 0.2 * risk)), 0)
people$days <- ifelse(people$reconvicted == 1, sample(1:365, n, replace = TRUE), NA)
write.csv(people, "weighting_people.csv", row.names = FALSE, quote = FALSE, na = "")
t <- people$treated
X <- model.matrix(~ age + female + area + score, people)

# ---- stacked estimating equations: rows x parameters, derivative by central differences ------------------------------
sandwich_by_difference <- function(psi, theta, clusters = seq_len(n)) {
  total <- function(theta) colSums(psi(theta))
  A <- sapply(seq_along(theta), function(j) {
    step <- replace(numeric(length(theta)), j, 1e-5 * max(1, abs(theta[j])))
    (total(theta + step) - total(theta - step)) / (2 * sum(step))
  })
  scores <- rowsum(psi(theta), clusters)
  G <- nrow(scores)
  bread <- solve(A)
  G / (G - 1) * bread %*% crossprod(scores) %*% base::t(bread)
}
keep_means <- function(name, psi, theta) {
  places <- length(theta) - 1:0                                   # treated mean, comparison mean
  keep(paste0(name, "_treated"), theta[places[1]]); keep(paste0(name, "_comparison"), theta[places[2]])
  gradient <- c(1, -1); log_gradient <- c(1, -1) / theta[places]
  for (way in c("rows", "persons")) {
    clusters <- if (way == "rows") seq_len(n) else people$person
    V <- sandwich_by_difference(psi, theta, clusters)[places, places]
    keep(paste0(name, "_error_", way), sqrt(drop(gradient %*% V %*% gradient)))
    keep(paste0(name, "_log_ratio_error_", way), sqrt(drop(log_gradient %*% V %*% log_gradient)))
  }
}
k <- ncol(X)
b <- coef(glm(t ~ X - 1, family = binomial, control = list(epsilon = 1e-14, maxit = 100)))
newton <- function(b) {                                           # the last digits of the propensity model
  e <- plogis(drop(X %*% b))
  b + solve(crossprod(X, e * (1 - e) * X), crossprod(X, t - e))[, 1]
}
b <- newton(newton(b))
balance_dual <- function(l) {                                     # smallest where the weighted means are the treated's
  z <- sweep(X[t == 0, -1], 2, colMeans(X[t == 1, -1]))
  log(sum(exp(drop(z %*% l))))
}
balance_slope <- function(l) {
  z <- sweep(X[t == 0, -1], 2, colMeans(X[t == 1, -1])); w <- exp(drop(z %*% l))
  colSums(w * z) / sum(w)
}
l <- optim(numeric(k - 1), balance_dual, balance_slope, method = "BFGS",
           control = list(reltol = 1e-16, maxit = 10000, parscale = 1 / apply(X[, -1], 2, sd)))$par
tilt <- function(l) { w <- exp(drop(X[, -1] %*% l)) * (t == 0); w * sum(t) / sum(w) }
entropy_weights <- tilt(l)
stopifnot(max(abs(colSums(entropy_weights * X) / sum(t) - colMeans(X[t == 1, ]))) < 1e-6)
lambda <- c(log(sum(t) / sum(exp(drop(X[, -1] %*% l)) * (t == 0))), l)

for (outcome in c("reconvicted", "reconvictions")) {
  y <- people[[outcome]]
  name <- function(method) paste(method, outcome, sep = "_")
  # ATT weights
  odds <- exp(drop(X %*% b)) * (t == 0)
  mu1 <- mean(y[t == 1]); mu0 <- sum(odds * y) / sum(odds)
  keep_means(name("att"), function(th) {
    eta <- drop(X %*% th[1:k])
    cbind(X * (t - plogis(eta)), t * (y - th[k + 1]), (1 - t) * exp(eta) * (y - th[k + 2]))
  }, c(b, mu1, mu0))
  # entropy balancing
  mu0 <- sum(entropy_weights * y) / sum(entropy_weights)
  keep_means(name("entropy"), function(th) {
    w <- exp(drop(X %*% th[1:k])) * (1 - t)
    cbind(X * (t - w), t * (y - th[k + 1]), w * (y - th[k + 2]))
  }, c(lambda, mu1, mu0))
  # doubly robust: ATT weights on what a linear regression on the comparison rows leaves
  a <- coef(lm(y ~ X - 1, subset = t == 0))
  m <- drop(X %*% a); r <- sum(odds * (y - m)) / sum(odds)
  psi <- function(th) {
    eta <- drop(X %*% th[1:k]); m <- drop(X %*% th[k + 1:k]); rest <- th[2 * k + 1]
    cbind(X * (t - plogis(eta)), X * (1 - t) * (y - m), (1 - t) * exp(eta) * (y - m - rest),
          t * (y - th[2 * k + 2]), t * (m + rest - th[2 * k + 3]))
  }
  keep_means(name("doubly_robust"), psi, c(b, a, r, mu1, mean(m[t == 1]) + r))
}
odds <- exp(drop(X %*% b)) * (t == 0)
keep("att_effective", sum(odds)^2 / sum(odds^2)); keep("att_share", max(odds) / sum(odds))
keep("entropy_effective", sum(entropy_weights)^2 / sum(entropy_weights^2))
keep("att_weight_of_first", (odds * sum(t) / sum(odds))[which(t == 0)[1]])
keep("entropy_weight_of_first", entropy_weights[which(t == 0)[1]])

# ---- greedy matching by plain loops: largest propensity first, ties by row order, caliper .2 sd of the logit ------------
greedy <- function(ratio, replace) {
  logit <- drop(X %*% b); width <- .2 * sd(logit)
  order_of_treated <- which(t == 1)[order(-logit[t == 1])]
  taken <- rep(FALSE, n); pairs <- NULL
  for (round in 1:ratio) for (i in order_of_treated) {
    own <- pairs$control[pairs$treated == i]
    free <- setdiff(which(t == 0 & !taken), own)
    free <- free[people$person[free] != people$person[i]]         # nobody is matched with themselves
    nearest <- free[which.min(abs(logit[free] - logit[i]))]
    if (length(nearest) && abs(logit[nearest] - logit[i]) <= width) {
      pairs <- rbind(pairs, data.frame(treated = i, control = nearest))
      if (!replace) taken[nearest] <- TRUE
    }
  }
  pairs
}
all_pairs <- NULL
matched_lines <- function(pairs) {
  treated <- unique(pairs$treated); uses <- table(pairs$treated)
  rows <- c(treated, pairs$control)
  lines <- cbind(people[rows, ], set = c(treated, pairs$treated),
                 w = c(rep(1, length(treated)), 1 / uses[as.character(pairs$treated)]), logit = drop(X %*% b)[rows])
  lines
}
for (design in c("single", "double", "reused")) {
  pairs <- greedy(if (design == "double") 2 else 1, design == "reused")
  all_pairs <- rbind(all_pairs, cbind(design = design, pairs - 1))
  lines <- matched_lines(pairs)
  for (outcome in c("reconvicted", "reconvictions")) {
    fit <- lm(reformulate(c("treated", "age", "female", "area", "score"), outcome), data = lines, weights = w)
    V <- vcovCL(fit, cluster = ~ set + person, type = "HC1", cadjust = TRUE)
    name <- paste(design, outcome, sep = "_")
    keep(paste0(name, "_estimate"), coef(fit)["treated"]); keep(paste0(name, "_error"), sqrt(V["treated", "treated"]))
    keep(paste0(name, "_treated"), mean(lines[lines$treated == 1, outcome]))
    keep(paste0(name, "_raw"), with(lines[lines$treated == 0, ], weighted.mean(get(outcome), w)))
  }
  centred <- model.matrix(~ age + female + area + score, lines)[, -1]
  centred <- sweep(centred, 2, colMeans(centred[lines$treated == 1, ]))
  fit <- lm(reconvicted ~ treated + centred, data = lines, weights = w)
  V <- vcovCL(fit, cluster = lines[c("set", "person")], type = "HC1", cadjust = TRUE)[1:2, 1:2]
  m0 <- coef(fit)[1]; m1 <- m0 + coef(fit)[2]; gradient <- c(1 / m1 - 1 / m0, 1 / m1)
  keep(paste0(design, "_log_ratio_error"), sqrt(drop(gradient %*% V %*% gradient)))
  keep(paste0(design, "_sets"), length(unique(lines$set))); keep(paste0(design, "_rows"), length(unique(pairs$control)))
  keep(paste0(design, "_degrees"), min(length(unique(lines$set)), length(unique(lines$person))) - 1)
  again <- lines[lines$reconvicted == 1, ]
  fit <- lm(days ~ treated, data = again, weights = w)
  V <- vcovCL(fit, cluster = ~ set + person, type = "HC1", cadjust = TRUE)
  keep(paste0(design, "_days_estimate"), coef(fit)["treated"]); keep(paste0(design, "_days_error"), sqrt(V[2, 2]))
}
write.csv(all_pairs, "weighting_pairs.csv", row.names = FALSE, quote = FALSE)
pairs <- greedy(1, FALSE)
first <- people$reconvicted[pairs$treated]; second <- people$reconvicted[pairs$control]
keep("mcnemar_treated_only", sum(first > second)); keep("mcnemar_comparison_only", sum(second > first))
test <- binom.test(sum(first > second), sum(first != second))
keep("mcnemar_p_value", test$p.value)
keep("mcnemar_low", test$conf.int[1] / (1 - test$conf.int[1])); keep("mcnemar_high", test$conf.int[2] / (1 - test$conf.int[2]))

# ---- hidden bias and sizes ----------------------------------------------------------------------------------------------
for (gamma in c(1, 4, 5, 6)) keep(paste0("rosenbaum_110_12_", gamma), 1 - pbinom(109, 122, gamma / (1 + gamma)))
keep("rosenbaum_110_12_lost", {
  chance <- uniroot(function(p) 1 - pbinom(109, 122, p) - .025, c(.5, .99), tol = 1e-14)$root
  chance / (1 - chance)
})
reach <- qnorm(.975) + qnorm(.8)
keep("detectable_300_900", reach * sqrt(.19 / 300 + .21 / 900)); keep("needed_5_points", (reach / .05)^2 * .19)
keep("needed_5_points_two", (reach / .05)^2 * (.19 + .21 / 2))

table <- data.frame(name = names(values), value = sprintf("%.15g", unlist(values)))
write.csv(table, "weighting_values.csv", row.names = FALSE, quote = FALSE)
