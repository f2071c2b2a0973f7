"""The chart's tests, one module for each kind; helm/test runs them."""
