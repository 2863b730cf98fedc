namespace Ambient.Routing.Expressions;

/// <summary>What is known about a request when an expression is evaluated.</summary>
public interface IAttributes
{
    /// <summary>The value of an attribute of <see cref="AttributeCatalog"/>, with the key of a map in lower case; missing when it is not there.</summary>
    ExpressionValue Get(string attribute, string key);
}
