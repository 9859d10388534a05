# Reference values for tests/test_funnel.py and tests/test_cusum.py.
# Run in this folder:  Rscript make_reference_monitoring.R      (R 4.2.2, no packages)
# Writes monitoring_people.csv (made-up people of 14 units, in maturity order), monitoring_units.csv (one row per unit)
# and monitoring_cusum.csv (one row per person of one unit).
set.seed(20212)

# ---- people: units of 12 to 700, three of them far off; the 14th is too small to judge -----------------------------
sizes <- c(45, 60, 80, 110, 150, 180, 220, 260, 300, 360, 420, 500, 700, 12)
unit <- sample(rep(sprintf("unit %02d", seq_along(sizes)), sizes))
number <- as.integer(substr(unit, 6, 7))
n <- length(unit)
predicted <- round(pmin(pmax(rbeta(n, 1.6, 2.9), .02), .97), 4)
shift <- rnorm(14, sd = .15); shift[c(6, 10)] <- c(.7, -.6)
reconvicted <- rbinom(n, 1, plogis(qlogis(predicted) + shift[number]))
people <- data.frame(unit, predicted, reconvicted)
write.csv(people, "monitoring_people.csv", row.names = FALSE, quote = FALSE)

# ---- the funnel, by the plainest route -----------------------------------------------------------------------------
masses <- function(p) { m <- 1; for (q in p) m <- c(m * (1 - q), 0) + c(0, m * q); m }
parts <- split(people, people$unit)
O <- sapply(parts, function(part) sum(part$reconvicted))
E <- sapply(parts, function(part) sum(part$predicted))
V <- sapply(parts, function(part) sum(part$predicted * (1 - part$predicted)))
size <- sapply(parts, nrow)
s <- sqrt(V) / (2 * E)
z <- (sqrt(O / E) - 1) / s
judged <- E >= 10 & size >= 30
zj <- z[judged]; I <- length(zj)
ends <- quantile(zj, c(.1, .9))
phi <- mean(pmin(pmax(zj, ends[1]), ends[2])^2)
w <- 1 / s[judged]^2
tau2 <- max(0, (I * phi - (I - 1)) / (sum(w) - sum(w^2) / sum(w)))
# what winsorising leaves of phi if only chance is at work, by drawing; the adjusted columns make it good
drawn <- matrix(rnorm(200000 * I), ncol = I)
kept <- mean(apply(drawn, 1, function(row) { e <- quantile(row, c(.1, .9), names = FALSE); mean(pmin(pmax(row, e[1]), e[2])^2) }))
published <- tau2
tau2 <- max(0, (I * phi / kept - (I - 1)) / (sum(w) - sum(w^2) / sum(w)))
za <- (sqrt(O / E) - 1) / sqrt(s^2 + tau2)
p <- 2 * pnorm(-abs(za)); q <- rep(NA, length(p)); q[judged] <- p.adjust(p[judged], "BH")
B <- s^2 / (s^2 + tau2)                               # weight of the common value
middle <- B + (1 - B) * sqrt(O / E); spread <- sqrt((1 - B) * s^2)
limit <- function(k, a, upper) {
  m <- masses(parts[[k]]$predicted)
  counts <- seq_along(m) - 1
  if (upper) max(counts[rev(cumsum(rev(m))) > a / 2]) else min(counts[cumsum(m) > a / 2])
}
exact <- E < 100
normal <- function(a, sign) 1 + sign * qnorm(1 - a / 2) * sqrt(V) / E
of <- function(a, upper) ifelse(exact, sapply(seq_along(E), limit, a = a, upper = upper) / E, normal(a, if (upper) 1 else -1))
adjusted <- function(a, sign) (pmax(1 + sign * qnorm(1 - a / 2) * sqrt(s^2 + tau2), 0))^2
units <- data.frame(unit = names(parts), people = size, actual = O, predicted = E, variance = V,
  low_95 = of(.05, FALSE), high_95 = of(.05, TRUE), low_998 = of(.002, FALSE), high_998 = of(.002, TRUE),
  adjusted_low_95 = adjusted(.05, -1), adjusted_high_95 = adjusted(.05, 1),
  adjusted_low_998 = adjusted(.002, -1), adjusted_high_998 = adjusted(.002, 1),
  z = z, adjusted_z = za, p_value = p, q_value = q, phi = phi, published_tau2 = published, tau2 = tau2,
  shrunken = middle^2, shrunken_low = pmax(middle - qnorm(.975) * spread, 0)^2, shrunken_high = (middle + qnorm(.975) * spread)^2)
for (column in names(units)[-1]) units[[column]] <- format(units[[column]], digits = 15, trim = TRUE)
write.csv(units, "monitoring_units.csv", row.names = FALSE, quote = FALSE)

# ---- both arms of the CUSUM of unit 06, thresholds 4.5 and 4.2 -----------------------------------------------------
run <- function(y, p, R, h) {
  sums <- numeric(length(y)); sum_so_far <- 0
  for (i in seq_along(y)) {
    sum_so_far <- max(0, sum_so_far + y[i] * log(R) - log(1 - p[i] + R * p[i]))
    sums[i] <- sum_so_far
    if (sum_so_far >= h) sum_so_far <- 0
  }
  sums
}
part <- parts[["unit 06"]]
paths <- data.frame(worse = run(part$reconvicted, part$predicted, 1.5, 4.5),
  better = run(part$reconvicted, part$predicted, 1 / 1.5, 4.2), vlad = cumsum(part$predicted - part$reconvicted))
for (column in names(paths)) paths[[column]] <- format(paths[[column]], digits = 15, trim = TRUE)
write.csv(paths, "monitoring_cusum.csv", row.names = FALSE, quote = FALSE)
