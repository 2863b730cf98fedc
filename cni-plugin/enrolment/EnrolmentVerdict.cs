namespace Ambient.Cni.Enrolment;

/// <summary>Whether a pod belongs to the mesh.</summary>
public enum EnrolmentVerdict
{
    /// <summary>It cannot be said yet. Never to be read as "outside": hold what is, and refuse to start what is new.</summary>
    Unknown,

    /// <summary>It belongs to the mesh.</summary>
    Enrol,

    /// <summary>It does not.</summary>
    Leave,
}
