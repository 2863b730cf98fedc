namespace Ambient.Kubernetes.Resources;

/// <summary>
/// A resource whose record holds everything that we would write, so it may be created and replaced as a whole. The others lack fields, which a
/// replacement would delete: they are written by patch or apply.
/// </summary>
public interface IWholeResource;
