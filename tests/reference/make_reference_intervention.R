# Reference values for programmes: exact intervals, paired change, Newcombe and Fisher, Cohen's kappa.
# Run from the repository: Rscript tests/reference/make_reference_intervention.R
# Base R only. Every formula below is written out or is R's own, none is evalkit's.

values <- list()
add <- function(name, value) values[[length(values) + 1]] <<- data.frame(name = name, value = value)

# Clopper-Pearson, as binom.test gives it
for (case in list(c(0, 20), c(1, 20), c(27, 98), c(8, 92), c(97, 98), c(98, 98))) {
  interval <- binom.test(case[1], case[2])$conf.int
  add(sprintf("exact_%d_%d_low", case[1], case[2]), interval[1])
  add(sprintf("exact_%d_%d_high", case[1], case[2]), interval[2])
}

# Paired change: R's own data set `sleep` (Student 1908), extra hours with drug 2 less drug 1
first <- sleep$extra[sleep$group == 1]
second <- sleep$extra[sleep$group == 2]
paired <- t.test(second, first, paired = TRUE)
add("sleep_change", unname(paired$estimate))
add("sleep_low", paired$conf.int[1])
add("sleep_high", paired$conf.int[2])
add("sleep_d_z", mean(second - first) / sd(second - first))

# Two completion rates: 168 of 240 against 175 of 312. Newcombe's method 10 from prop.test's score intervals
a <- prop.test(168, 240, correct = FALSE)
b <- prop.test(175, 312, correct = FALSE)
p <- c(168 / 240, 175 / 312)
add("two_difference", p[1] - p[2])
add("two_low", p[1] - p[2] - sqrt((p[1] - a$conf.int[1])^2 + (b$conf.int[2] - p[2])^2))
add("two_high", p[1] - p[2] + sqrt((a$conf.int[2] - p[1])^2 + (p[2] - b$conf.int[1])^2))
add("two_p", fisher.test(matrix(c(168, 72, 175, 137), 2))$p.value)

# Cohen's kappa of three themes, with the variance of Fleiss, Cohen and Everitt (1969), equation 13
counts <- matrix(c(44, 5, 1, 7, 20, 3, 9, 5, 6), 3, byrow = TRUE)
n <- sum(counts)
share <- counts / n
rows <- rowSums(share)
columns <- colSums(share)
observed <- sum(diag(share))
expected <- sum(rows * columns)
kappa <- (observed - expected) / (1 - expected)
on <- sum(diag(share) * ((1 - expected) - (rows + columns) * (1 - observed))^2)
off <- 0
for (i in 1:3) for (j in 1:3) if (i != j) off <- off + share[i, j] * (columns[i] + rows[j])^2
variance <- (on + (1 - observed)^2 * off - (observed * expected - 2 * expected + observed)^2) / (n * (1 - expected)^4)
add("kappa", kappa)
add("kappa_low", kappa - qnorm(0.975) * sqrt(variance))
add("kappa_high", kappa + qnorm(0.975) * sqrt(variance))

write.csv(
  transform(do.call(rbind, values), value = format(value, digits = 15)),
  "tests/reference/intervention_values.csv", row.names = FALSE, quote = FALSE
)
