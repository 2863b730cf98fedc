namespace Ambient.Mesh.Tests.Views;

/// <summary>Tests that measure memory or time don't share the process with running ones.</summary>
[CollectionDefinition("measured alone", DisableParallelization = true)]
public class MeasuredAloneCollection;
