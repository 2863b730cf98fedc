// One cluster at a time.
[assembly: Xunit.CollectionBehavior(DisableTestParallelization = true)]
