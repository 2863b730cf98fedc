namespace Ambient.Xds.Mapping;

/// <summary>
/// One resource breaks a rule of ztunnel reference section 4.6 or 4.7. Stays inside the mapping: its callers return it as text,
/// and a control plane is no attacker whose pace would matter.
/// </summary>
internal sealed class FieldException(string message) : Exception(message);
