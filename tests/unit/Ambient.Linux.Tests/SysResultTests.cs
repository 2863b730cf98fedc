namespace Ambient.Linux.Tests;

public sealed class SysResultTests
{
    [Fact]
    public void Failure_KeepsErrno_AndHasNoValue()
    {
        SysResult result = SysResult.Failure(Errno.ECONNREFUSED);
        Assert.True(result.IsError);
        Assert.True(result.Is(Errno.ECONNREFUSED));
        Assert.False(result.Is(Errno.EAGAIN));
        Assert.Equal(0, result.Value);
        Assert.Equal(Errno.ECONNREFUSED, result.Errno);
    }

    [Fact]
    public void Success_IsNoError_EvenAgainstNone()
    {
        SysResult result = SysResult.Success(0);
        Assert.False(result.IsError);
        Assert.False(result.Is(Errno.None));
        Assert.Equal(7, SysResult.Success(7).OrThrow("call", "target"));
    }

    [Fact]
    public void OrThrow_NamesCallTargetErrorAndHint()
    {
        LinuxException e = Assert.Throws<LinuxException>(() => SysResult.Failure(Errno.EPERM).OrThrow("setns", "/run/netns/a"));
        Assert.Equal("setns(/run/netns/a): EPERM, operation not permitted (needs CAP_SYS_ADMIN in the user namespace that owns the target)", e.Message);
    }

    [Fact]
    public void EveryErrno_HasADescription()
    {
        foreach (Errno errno in Enum.GetValues<Errno>())
        {
            Assert.NotEmpty(ErrnoMeaning.Describe(errno));
        }

        Assert.Equal("error 9999", ErrnoMeaning.Describe((Errno)9999));
    }
}
